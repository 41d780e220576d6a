import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeAPI } from 'node-red';
import { type ErrorCode, toVoiceError, VoiceError } from './errors.ts';
import { RateLimit } from './rate-limit.ts';

/** Who opens dialogs and clicks needs no more; a script that does has no business here. */
const LIMIT = { count: 30, perMs: 60_000 };
/** For so long, who asks waits for a try of the same device to end. */
const HANDOVER_MS = 1000;

type Handler = Parameters<NodeAPI['httpAdmin']['post']>[1];
export type TryResponse = Parameters<Handler>[1];

export interface TryCodes {
	/** A setting that cannot be used. */
	setting: ErrorCode;
	notFound: ErrorCode;
	busy: ErrorCode;
	/** What nobody expected. */
	failed: ErrorCode;
}

/** A try that is asked for: it answers, and has let the device go when it resolves or rejects. */
export type Try = (
	body: Record<string, unknown>,
	response: TryResponse,
	signal: AbortSignal,
) => Promise<void>;

/**
 * Devices that are tried from a dialog, before anything is deployed: `POST` with JSON `{ device, … }`, guarded by the
 * permission `<type>.write`, one at a time per device, and not too often. A try ends when its dialog goes away: its
 * `signal` is aborted then. Every failure is answered with `{ code, message }`.
 */
export class Tries {
	readonly #RED: NodeAPI;
	readonly #type: string;
	readonly #codes: TryCodes;
	readonly #limit = new RateLimit(LIMIT);
	readonly #running = new Map<string, { signal: AbortSignal; over: Promise<void> }>();

	constructor(RED: NodeAPI, type: string, codes: TryCodes) {
		this.#RED = RED;
		this.#type = type;
		this.#codes = codes;
	}

	/** Serves POST /voice/<type>/<name>. */
	serve(name: string, attempt: Try): void {
		const { httpAdmin, auth } = this.#RED;
		httpAdmin.post(
			`/voice/${this.#type}/${name}`,
			auth.needsPermission(`${this.#type}.write`),
			async (request, response) => {
				const gone = new AbortController();
				response.on('close', () => gone.abort());
				response.on('error', () => gone.abort());
				try {
					if (!this.#limit.admits(response))
						throw this.#busy('Too much was tried in a short time', 'wait a moment');
					// Another web site's form cannot send that.
					if (!request.is('application/json'))
						throw new VoiceError(this.#codes.setting, 'The request is not understood', 'send JSON');
					await this.#run(request.body as Record<string, unknown>, response, gone.signal, attempt);
				} catch (thrown) {
					this.#refuse(response, thrown);
				}
			},
		);
	}

	async #run(
		body: Record<string, unknown>,
		response: TryResponse,
		signal: AbortSignal,
		attempt: Try,
	): Promise<void> {
		const unknown = Object.entries(body).find(([, value]) => /^\$\{.*\}$/.test(String(value)));
		if (unknown)
			throw new VoiceError(
				this.#codes.setting,
				`The setting "${unknown[0]}" comes from the environment, which is known only to a node that runs`,
				'deploy it, or enter a value to try',
			);
		const device = String(body['device'] ?? '');
		// A dialog that ends one try and begins the next is heard of in any order: the former may be about to end.
		for (let other = this.#running.get(device); other; other = this.#running.get(device)) {
			await Promise.race([other.over, sleep(HANDOVER_MS, undefined, { ref: false })]);
			if (this.#running.get(device) === other && !other.signal.aborted)
				throw this.#busy('This device is being tried at this moment', 'wait until that is over');
		}
		const trying = attempt(body, response, signal).finally(() => this.#running.delete(device));
		this.#running.set(device, { signal, over: trying.catch(() => {}) });
		await trying;
	}

	#refuse(response: TryResponse, thrown: unknown): void {
		if (response.headersSent || response.destroyed) {
			response.end();
			return;
		}
		const { setting, notFound, busy, failed } = this.#codes;
		const { code, message } = toVoiceError(thrown, failed, 'Trying the device');
		const limited = response.getHeader('Retry-After') !== undefined;
		const statuses: Partial<Record<ErrorCode, number>> = {
			[setting]: 400,
			[notFound]: 404,
			[busy]: limited ? 429 : 409,
		};
		response.status(statuses[code] ?? 503).json({ code, message });
	}

	#busy(problem: string, remedy: string): VoiceError {
		return new VoiceError(this.#codes.busy, problem, remedy, { retryable: true });
	}
}

/** Names that cannot make ALSA do anything but open a card: its plugins `file` and `tee` write files. */
const HARMLESS = /^([\w.-]*|(plug)?hw:[\w=,.-]+)$/;

/**
 * Refuses a device that is neither listed nor surely just a device: a permission to try one is not one to write files.
 * @param list the devices that can be opened
 */
export async function checkTried(
	device: string,
	notFound: ErrorCode,
	list: () => Promise<{ name: string }[]>,
): Promise<void> {
	if (HARMLESS.test(device) || (await list()).some(({ name }) => name === device)) return;
	throw new VoiceError(
		notFound,
		`The device "${device.slice(0, 80)}" is not in the list, and so cannot be tried`,
		'choose one of the list',
	);
}
