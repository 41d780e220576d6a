import type { Failure } from './failure.ts';
import type { Frame } from './frames.ts';
import type { Microphone, MicrophoneEvents, Take } from './microphone.ts';
import { Onset } from './onset.ts';
import { SpokenText } from './spoken-text.ts';
import { type StopCause, Utterance } from './utterance.ts';

export interface TurnOptions {
	/** Hertz that are sent. */
	sampleRate: number;
	/** 0: no limit. */
	maxMs: number;
	/** dBFS above which there is speech. */
	thresholdDb: number;
}

/** One utterance in the page, from the click to its text. */
export class Turn {
	readonly utterance: Utterance;
	readonly text = new SpokenText();
	/** It has failed, and the user knows. */
	failed = false;
	readonly #onset: Onset;
	#take: Take | undefined;

	constructor({ sampleRate, maxMs, thresholdDb }: TurnOptions) {
		this.utterance = new Utterance(sampleRate, maxMs);
		this.#onset = new Onset(thresholdDb);
	}

	/** Has speech begun? */
	get speech(): boolean {
		return this.#onset.begun;
	}

	/** Nothing but digital silence came. */
	get silent(): boolean {
		return this.#onset.peak === 0;
	}

	/** Begins to record; false if it was ended before the microphone was there. Throws a Failure. */
	async record(microphone: Microphone, raw: boolean, events: MicrophoneEvents): Promise<boolean> {
		const { utterance } = this;
		const take = await microphone.open(
			{ sampleRate: utterance.sampleRate, raw },
			{
				frame: (frame) => events.frame(frame),
				failed: (failure: Failure) => {
					// What was said so far belongs to the flow.
					utterance.end();
					events.failed(failure);
				},
			},
		);
		if (utterance.ended) take.release();
		else this.#take = take;
		return !utterance.ended;
	}

	/** Takes what the microphone heard; answers which limit it has reached. @param beginMs 0: no limit */
	hear(frame: Frame, beginMs: number): StopCause | undefined {
		this.#onset.push(frame);
		if (!this.utterance.push(frame.pcm)) return 'max';
		return beginMs && !this.speech && this.utterance.ms >= beginMs ? 'start-timeout' : undefined;
	}

	/** Everything is said: records the tail, and ends. */
	async finish(): Promise<void> {
		await this.#take?.finish();
		this.end();
	}

	/** Ends at once. */
	end(cause?: StopCause): void {
		this.#take?.release();
		this.utterance.end(cause);
	}

	/** Nobody wants it any more. */
	abandon(): void {
		this.#take?.release();
		this.utterance.abandon();
	}
}
