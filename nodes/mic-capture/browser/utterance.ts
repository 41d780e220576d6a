import { type Converter, createConverter } from '../../../lib/audio/resample.ts';
import type { EndReason } from '../../../lib/node/messages.ts';
import { type Chunk, type StreamLabel, Take, type TakeSettings } from '../take.ts';

/** What somebody says into a page, from the start to the end: one stream. */
export class Utterance {
	readonly label: StreamLabel;
	/** Its number on the page's connection. */
	readonly number: number;
	readonly #converter: Converter;
	readonly #take: Take;
	#over = false;

	/** @param sampleRate of the page's audio, which is mono; a stream of more channels has it on each */
	constructor(
		label: StreamLabel,
		number: number,
		sampleRate: number,
		settings: TakeSettings,
		emit: (chunk: Chunk) => void,
	) {
		this.label = label;
		this.number = number;
		this.#converter = createConverter({ sampleRate, channels: 1 }, settings.format);
		this.#take = new Take(label, settings, 0, emit);
	}

	/** Only digital silence so far, for some seconds. */
	get dead(): boolean {
		return this.#take.dead;
	}

	/** Takes the next samples; answers why, if it is to end with them. What is said after that is not part of it. */
	push(pcm: Buffer): EndReason | undefined {
		return this.#over ? undefined : this.#take.push(this.#converter.push(pcm));
	}

	/**
	 * Sends the last chunk.
	 * @param whole everything that was said belongs to it; false after a limit
	 * @returns why it ended: what the resampler still held may have reached a limit
	 */
	end(reason: EndReason, whole = true): EndReason {
		if (this.#over) return reason;
		const ended = (whole && this.#take.push(this.#converter.flush())) || reason;
		this.#stop();
		this.#take.end(ended);
		return ended;
	}

	/** Sends nothing more. */
	abandon(): void {
		this.#stop();
		this.#take.abandon();
	}

	#stop(): void {
		this.#over = true;
		this.#converter.close();
	}
}
