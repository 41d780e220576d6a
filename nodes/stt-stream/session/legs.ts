import type { PcmFormat } from '../../../lib/audio/format.ts';
import type { Clock } from '../../../lib/node/clock.ts';
import { type OpenOptions, peerOf, type SttProvider } from '../providers/provider.ts';
import { unlessAborted } from '../providers/unless-aborted.ts';
import type { AudioQueue } from './audio-queue.ts';
import { chooseRate } from './chunker.ts';
import { Leg } from './leg.ts';
import { openWithin } from './open-within.ts';

export interface LegsParts {
	readonly provider: SttProvider;
	readonly open: SttProvider['open'];
	readonly asked: Omit<OpenOptions, 'sampleRate'>;
	readonly connectTimeoutMs: number;
	readonly queue: AudioQueue;
	readonly format: PcmFormat;
	readonly clock: Clock;
	readonly onProgress: (leg: Leg) => void;
}

/** Opens a stream's sessions, and sees to it that each of them is gone in the end. */
export class Legs {
	readonly #parts: LegsParts;
	readonly #open = new Set<Leg>();
	readonly #leaving = new Set<Promise<unknown>>();

	constructor(parts: LegsParts) {
		this.#parts = parts;
	}

	/** @throws VoiceError of the opening; whatever `abandoned` was fired with */
	async open(abandoned: AbortSignal): Promise<Leg> {
		const { provider, open, asked, connectTimeoutMs, queue, format, clock, onProgress } = this.#parts;
		const rate = () => chooseRate(format.sampleRate, provider.capabilities.sampleRates);
		const peer = peerOf(provider);
		const session = await openWithin(
			async (signal) => {
				// A disk of the network that answers no more, or a program, would hold up the end of Node-RED.
				if (provider.prepare) await unlessAborted(signal, provider.prepare(asked));
				signal.throwIfAborted();
				return open({ sampleRate: rate(), ...asked }, signal);
			},
			{
				timeoutMs: connectTimeoutMs,
				peer,
				clock,
				abandoned,
				onLate: (gone) => this.#track(gone),
			},
		);
		const { capabilities } = provider;
		const to = { sampleRate: rate(), channels: 1 };
		const leg = new Leg(session, { queue, peer, capabilities, from: format, to, clock, onProgress });
		this.#open.add(leg);
		return leg;
	}

	stop(leg: Leg): void {
		if (this.#open.delete(leg)) this.#track(leg.stop());
	}

	stopAll(): void {
		for (const leg of this.#open) this.stop(leg);
	}

	/** Resolves when no session is left. */
	async gone(): Promise<void> {
		while (this.#leaving.size) await Promise.all(this.#leaving);
	}

	#track(end: Promise<unknown>): void {
		const gone = end.catch(() => {}).finally(() => this.#leaving.delete(gone));
		this.#leaving.add(gone);
	}
}
