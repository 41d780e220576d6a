import { existsSync } from 'node:fs';
import { ForkedChild } from '../../../lib/process/forked.ts';
import { bcmNumber, type Line, type LineEvents, type OpenLine, VoiceError } from './line.ts';
import type { OnoffEvent } from './onoff-child.ts';
import { noSysfs, SYSFS_GPIO } from './sysfs.ts';

/** How long the child may take for one answer, its start and the loading of the addon included. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Watches a line with the npm package onoff, through /sys/class/gpio, in a child process. */
export const openOnoff: OpenLine = async ({ pin, pull }, events) => {
	if (pull !== 'none')
		throw new VoiceError(
			'GPIO_UNAVAILABLE',
			`The backend "onoff" cannot set a pull-${pull} resistor, sysfs has no such thing`,
			'set pull to "none" and wire a resistor, or install gpiod (sudo apt install gpiod) and use the backend "gpiomon"',
		);
	const bcm = bcmNumber(pin);
	if (bcm === undefined)
		throw new VoiceError(
			'GPIO_LINE_NOT_FOUND',
			`The backend "onoff" knows no line names such as "${pin}"`,
			'use a BCM number such as 17, or the backend "gpiomon"',
		);
	if (!existsSync(SYSFS_GPIO)) throw noSysfs();
	host = host?.alive ? host : new OnoffHost();
	return host.open(bcm, events);
};

interface Entry {
	readonly name: string;
	readonly events: LineEvents;
	high?: boolean;
	/** Its opener has it. */
	opened: boolean;
	lost?: VoiceError;
}

/** The process around onoff. One serves all lines; it starts with the first and ends with the last. */
class OnoffHost {
	readonly #lines = new Map<number, Entry>();
	readonly #child: ForkedChild;
	#nextId = 1;

	constructor() {
		this.#child = new ForkedChild(new URL('./onoff-child.js', import.meta.url), {
			onEvent: (_, payload) => this.#take(payload as OnoffEvent),
			lost: (reason, stderr) => {
				// Stuck in a system call: it serves no other line either.
				if (reason === 'timeout') void this.#child.kill();
				return hostLost(reason, stderr);
			},
		});
		void this.#child.exited.then(() => {
			const error = hostLost('exited', this.#child.stderr);
			for (const id of [...this.#lines.keys()]) this.#lose(id, error);
		});
	}

	get alive(): boolean {
		return this.#child.alive;
	}

	async open(bcm: number, events: LineEvents): Promise<Line> {
		const id = this.#nextId++;
		const entry: Entry = { name: `GPIO ${bcm}`, events, opened: false };
		this.#lines.set(id, entry);
		try {
			const high = (await this.#child.request('open', { id, bcm }, ANSWER_TIMEOUT_MS)) as boolean;
			entry.high ??= high;
			if (entry.lost) throw entry.lost;
			entry.opened = true;
		} catch (error) {
			this.#lines.delete(id);
			await this.#endIfUnused();
			throw error;
		}
		return {
			name: entry.name,
			get high() {
				return entry.high;
			},
			close: () => this.#close(id),
		};
	}

	async #close(id: number): Promise<void> {
		if (!this.#lines.delete(id)) return;
		await this.#child.request('close', { id }, ANSWER_TIMEOUT_MS).catch(() => {});
		await this.#endIfUnused();
	}

	#take(event: OnoffEvent): void {
		const entry = this.#lines.get(event.id);
		if (!entry) return;
		if ('error' in event) {
			this.#lose(event.id, VoiceError.from(event.error));
			void this.#endIfUnused();
			return;
		}
		entry.high = event.high;
		if (entry.opened) entry.events.onLevel(event.high);
	}

	#lose(id: number, reason: VoiceError): void {
		const entry = this.#lines.get(id);
		if (!entry) return;
		this.#lines.delete(id);
		entry.lost = new VoiceError(reason.code, `${entry.name} was lost: ${reason.problem}`, reason.remedy, {
			retryable: true,
			cause: reason,
		});
		if (entry.opened) entry.events.onLost(entry.lost);
	}

	async #endIfUnused(): Promise<void> {
		if (this.#lines.size > 0) return;
		if (host === this) host = undefined;
		await this.#child.stop();
	}
}

let host: OnoffHost | undefined;

function hostLost(reason: 'exited' | 'timeout', stderr: string): VoiceError {
	const how = reason === 'exited' ? 'ended' : 'did not answer';
	const said = stderr.split('\n').at(-1);
	return new VoiceError(
		'GPIO_UNAVAILABLE',
		`The process around onoff ${how}${said ? ` (${said})` : ''}`,
		'it is started again by itself; if this goes on, use the backend "gpiomon"',
		{ retryable: true },
	);
}
