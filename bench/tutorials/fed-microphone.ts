import { setTimeout as sleep } from 'node:timers/promises';
import { type ReferenceMicrophone, startReferenceMicrophone } from '../../test/lab/reference-microphone.ts';
import { noise } from '../../test/lab/signals.ts';
import type { Feed, SoundCard } from '../../test/lab/sound-card.ts';

/** The microphone has heard so much before anything else happens. */
const LEAD_MS = 700;

/** A signal that sounds at the virtual microphone, and the clock that tells when each of its samples was there. */
export class FedMicrophone {
	/** s16le mono; no sample is zero. */
	readonly fed: Buffer;
	readonly #rate: number;
	readonly #reference: ReferenceMicrophone;
	readonly #feed: Feed;

	/** The sound card must have this rate, in Hz. `seed`: another signal for each. */
	static async start(card: SoundCard, rate: number, seconds: number, seed: number): Promise<FedMicrophone> {
		// It listens all the time, so that the card has short periods for everybody.
		const reference = await startReferenceMicrophone(card, rate);
		const fed = noise(Math.ceil((seconds + LEAD_MS / 1000) * rate), seed);
		const microphone = new FedMicrophone(fed, rate, reference, card.feed(fed));
		await sleep(LEAD_MS);
		return microphone;
	}

	private constructor(fed: Buffer, rate: number, reference: ReferenceMicrophone, feed: Feed) {
		this.fed = fed;
		this.#rate = rate;
		this.#reference = reference;
		this.#feed = feed;
	}

	/** Ends it. Resolves with when frame 0 was at the microphone (performance.now()). */
	async stop(): Promise<number> {
		const origin = await this.#reference.timeOf(this.fed, 0);
		this.#feed.stop();
		await this.#feed.done.catch(() => {});
		return origin;
	}

	/** Which frame was at the microphone at that time. */
	frameAt(time: number, origin: number): number {
		return ((time - origin) * this.#rate) / 1000;
	}
}
