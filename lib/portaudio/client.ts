import { checkFormat, type PcmFormat } from '../audio/format.ts';
import { toVoiceError, VoiceError } from '../node/errors.ts';
import { formatCode, isNotFound, stalled } from './errors.ts';
import { InputClient, type InputHandlers } from './input-client.ts';
import { OutputClient, type OutputHandlers } from './output-client.ts';
import { type Child, ChildFailure, Pool } from './pool.ts';
import type { Direction, ListPayload, OpenPayload, OpenReply, PortAudioDevice } from './protocol.ts';
import type { StreamClient } from './stream-client.ts';

export type { InputHandlers } from './input-client.ts';
export type { OutputHandlers } from './output-client.ts';
export type { PortAudioDevice } from './protocol.ts';

/** A child that serves streams does not look again, so it answers soon. */
const KNOWN_TIMEOUT_MS = 2_000;

export interface OpenRequest {
	/** Exact name; '' = the default device. */
	device: string;
	/** Wanted; the stream's `format` tells what the device agreed to. */
	format: PcmFormat;
	/**
	 * PortAudio's buffer, in frames at the wanted rate (0: 512). Inputs deliver in pieces of so much time; outputs use
	 * at least 1024 frames.
	 */
	framesPerBuffer: number;
}

export interface PortAudioInput {
	/** What `data` really brings. */
	readonly format: PcmFormat;
	/** Bytes that are missing before the latest `data`, because this process took them too slowly. */
	readonly droppedBytes: number;
	/** Resolves, never rejects, after the last `data`: what was captured until now is still delivered. Bounded. */
	close(): Promise<void>;
}

export interface PortAudioOutput {
	/** What `write` must bring. */
	readonly format: PcmFormat;
	/** Bytes written and not yet taken by PortAudio, which has up to `startMs` of sound ahead of the ear. */
	readonly queuedBytes: number;
	/** The sound begins when so many milliseconds of it are written, or some time later, or at the end. */
	readonly startMs: number;
	/**
	 * Takes whole frames and keeps the Buffer until it is played. False: taken, but wait for `drain`.
	 * @throws VoiceError PLAY_QUEUE_FULL for one who does not wait
	 */
	write(pcm: Buffer): boolean;
	/** Resolves when the sound has left the speaker, or after `abort`; rejects with PLAY_STALLED. */
	end(): Promise<void>;
	/** Silence now. Resolves, never rejects, when the device is free again. Bounded. */
	abort(): Promise<void>;
}

export interface PortAudioOptions {
	/** The children's environment; default: ours at the time. */
	env?: NodeJS.ProcessEnv;
	/** A child that serves no stream ends after this time. */
	idleMs?: number;
	/** PortAudio looks at every device of the system while it opens one; a slow machine takes seconds for that. */
	openTimeoutMs?: number;
	/** A microphone must deliver its first sound within this time, */
	startMs?: number;
	/** and any further within this. */
	stallMs?: number;
	/** For how long a loudspeaker may take no sound while there is some: a sleeping one takes seconds to wake. */
	playStallMs?: number;
	/** Sound that `write` takes before it asks to wait. */
	queueMs?: number;
	/** Where ALSA tells about its cards. */
	asoundFolder?: string;
}

const DEFAULTS = {
	idleMs: 10_000,
	openTimeoutMs: 20_000,
	startMs: 5000,
	stallMs: 2000,
	playStallMs: 5000,
	queueMs: 300,
	asoundFolder: '/proc/asound',
};

/** Sound cards through naudiodon, each direction in a child process of its own. */
export class PortAudio {
	readonly #options: typeof DEFAULTS;
	readonly #pools: Record<Direction, Pool>;
	/** Folders that may hold naudiodon. */
	readonly #folders: string[] = [];
	/** What a device agreed to when it was last asked for a format that it refuses. */
	readonly #hints = new Map<string, PcmFormat>();
	#lastStream = 0;

	constructor(options: PortAudioOptions = {}) {
		this.#options = { ...DEFAULTS, ...options };
		const env = () => options.env ?? process.env;
		const pool = { env, folders: this.#folders, idleMs: this.#options.idleMs };
		this.#pools = { input: new Pool('input', pool), output: new Pool('output', pool) };
	}

	/** Also looks for naudiodon in this folder's node_modules: Node-RED's user directory. */
	searchIn(folder: string): void {
		if (!this.#folders.includes(folder)) this.#folders.push(folder);
	}

	/**
	 * All devices that can be opened now, and those that this process has open.
	 * @param direction whose code a failure gets: MIC_BACKEND_MISSING or PLAY_BACKEND_MISSING, …_STALLED
	 */
	async listDevices(direction: Direction = 'input'): Promise<PortAudioDevice[]> {
		const payload: ListPayload = { direction };
		const known = [...this.#pools.input.serving(), ...this.#pools.output.serving()];
		const fresh = this.#pools[direction].acquireFresh();
		// A card that is open is not offered to anybody else, so ask those that have it.
		const answers = await Promise.all([
			fresh.requestAsGuest('list', payload, this.#options.openTimeoutMs),
			...known.map((child) => child.request('list', payload, KNOWN_TIMEOUT_MS).catch(() => [])),
		]);
		return mergeDevices(answers as PortAudioDevice[][]);
	}

	/**
	 * Opens a microphone and starts it. Rejects with MIC_BACKEND_MISSING, MIC_DEVICE_NOT_FOUND, MIC_DEVICE_BUSY,
	 * MIC_FORMAT or MIC_STALLED.
	 */
	async openInput(request: OpenRequest, handlers: InputHandlers): Promise<PortAudioInput> {
		const { startMs, stallMs } = this.#options;
		return this.#open('input', request, startMs, (stream, child) => {
			return new InputClient(request.device, stream, child, handlers, stallMs);
		});
	}

	/**
	 * Opens a loudspeaker. Rejects with PLAY_BACKEND_MISSING, PLAY_DEVICE_NOT_FOUND, PLAY_DEVICE_BUSY, AUDIO_FORMAT or
	 * PLAY_STALLED.
	 */
	async openOutput(request: OpenRequest, handlers: OutputHandlers): Promise<PortAudioOutput> {
		const { playStallMs: stallMs, queueMs } = this.#options;
		return this.#open('output', request, stallMs, (stream, child) => {
			return new OutputClient(request.device, stream, child, handlers, { stallMs, queueMs });
		});
	}

	/** Ends idle children now instead of after their idle time, and resolves when they are gone. */
	async endIdleChildren(): Promise<void> {
		await Promise.all(Object.values(this.#pools).map((pool) => pool.endIdle()));
	}

	async #open<Client extends StreamClient>(
		direction: Direction,
		request: OpenRequest,
		allowanceMs: number,
		connect: (stream: number, child: Child) => Client,
	): Promise<Client> {
		const { device, format, framesPerBuffer } = request;
		try {
			checkFormat(format);
		} catch (thrown) {
			throw toVoiceError(thrown, formatCode(direction), 'Opening a device');
		}
		const pool = this.#pools[direction];
		// A child that was just killed may not yet have let go of the device.
		await pool.ended();
		const hintKey = JSON.stringify([direction, device, format.sampleRate, format.channels]);
		let child = pool.acquire();
		for (;;) {
			const seesAll = child.streams === 0;
			const client = connect(++this.#lastStream, child);
			const payload: OpenPayload = {
				stream: this.#lastStream,
				direction,
				device,
				format,
				framesPerBuffer,
				hint: this.#hints.get(hintKey),
				asoundFolder: this.#options.asoundFolder,
			};
			try {
				const reply = (await child.requestOpening(payload, this.#options.openTimeoutMs)) as OpenReply;
				if (reply.tainted) {
					this.#hints.set(hintKey, reply.format);
					child.retire();
				}
				client.opened(reply, allowanceMs);
				return client;
			} catch (thrown) {
				// A refused attempt leaves PortAudio initialised, so that child would never see new devices.
				child.retire();
				client.over();
				this.#hints.delete(hintKey);
				if (seesAll || !isNotFound(thrown)) throw named(thrown, direction, device);
				child = pool.acquireFresh();
			}
		}
	}
}

/** A failure of the child does not know which stream it struck. */
function named(thrown: unknown, direction: Direction, device: string): unknown {
	const failure = thrown instanceof VoiceError ? thrown.cause : undefined;
	if (!(failure instanceof ChildFailure)) return thrown;
	return stalled(direction, device, `cannot be opened: ${failure.message}`);
}

function mergeDevices(lists: PortAudioDevice[][]): PortAudioDevice[] {
	const merged = new Map<string, PortAudioDevice>();
	for (const device of lists.flat()) {
		const known = merged.get(device.name);
		if (known) {
			known.inputChannels = Math.max(known.inputChannels, device.inputChannels);
			known.outputChannels = Math.max(known.outputChannels, device.outputChannels);
		} else merged.set(device.name, { ...device });
	}
	return [...merged.values()];
}

/** The children of this process. */
const shared = new PortAudio();

export const listDevices = shared.listDevices.bind(shared);
export const openInput = shared.openInput.bind(shared);
export const openOutput = shared.openOutput.bind(shared);
export const searchNaudiodonIn = shared.searchIn.bind(shared);
export const endIdleChildren = shared.endIdleChildren.bind(shared);
