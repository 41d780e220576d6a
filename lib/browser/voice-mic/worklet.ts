// Runs in the browser's audio thread, bundled as voice-mic-worklet.js.
import { type Frame, Framer } from './frames.ts';

// Globals of an AudioWorkletGlobalScope, which TypeScript's DOM library does not have.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
	readonly port: MessagePort;
	constructor(options?: unknown);
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;

/** Sends what the microphone delivers as frames at the rate of `processorOptions.sampleRate`, then `null` as the last. */
class VoiceMicProcessor extends AudioWorkletProcessor {
	readonly #framer: Framer;
	#ended = false;

	constructor(options: { processorOptions: { sampleRate: number } }) {
		super(options);
		this.#framer = new Framer(sampleRate, options.processorOptions.sampleRate);
		// Any message: finish.
		this.port.onmessage = () => {
			if (this.#ended) return;
			this.#ended = true;
			this.#post(this.#framer.flush());
			this.port.postMessage(null);
		};
	}

	/** Called for every 128 samples; false: no longer needed. */
	process([input]: Float32Array[][]): boolean {
		const channel = input?.[0];
		if (!this.#ended && channel) this.#post(this.#framer.push(channel));
		return !this.#ended;
	}

	#post(frames: readonly Frame[]): void {
		for (const frame of frames) this.port.postMessage(frame, [frame.pcm]);
	}
}

registerProcessor('voice-mic', VoiceMicProcessor as typeof AudioWorkletProcessor);
