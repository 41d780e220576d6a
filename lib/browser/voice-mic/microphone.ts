import { described, Failure, microphoneFailure, obstacle } from './failure.ts';
import type { Frame } from './frames.ts';

/** So long after the last word is still recorded: sound needs some time to the page, people let go of a button early. */
const TAIL_MS = 150;
/** A network that takes what is asked and answers nothing would be waited for for minutes. */
const LOAD_MS = 6000;
/** The audio thread answers at once, if it lives. */
const FLUSH_MS = 1000;
/** So long without any sound: it will not come. */
const STALLED_MS = 5000;
/** Phones mute for a moment when they change over to another microphone. */
const MUTED_MS = 2000;

export interface MicrophoneOptions {
	/** Hertz of the frames. */
	sampleRate: number;
	/** Without echo cancellation, noise suppression and gain control. */
	raw: boolean;
}

export interface MicrophoneEvents {
	frame(frame: Frame): void;
	/** It is over without having been asked to. */
	failed(failure: Failure): void;
}

/** The microphone of the page: one audio context, which stays; opened anew for every recording. */
export class Microphone {
	readonly #worklet: URL;
	#context: AudioContext | undefined;
	#loaded: Promise<void> | undefined;
	#takes = 0;

	/** @param worklet address of voice-mic-worklet.js */
	constructor(worklet: URL) {
		this.#worklet = worklet;
	}

	/**
	 * Asks for the microphone and begins to record; must be called from a click or a key, or Safari stays silent.
	 * @throws Failure
	 */
	async open({ sampleRate, raw }: MicrophoneOptions, events: MicrophoneEvents): Promise<Take> {
		const why = obstacle();
		if (why) throw why;
		this.#takes += 1;
		let stream: MediaStream | undefined;
		try {
			const isProcessed = !raw;
			const asked = navigator.mediaDevices.getUserMedia({
				audio: {
					channelCount: { ideal: 1 },
					echoCancellation: isProcessed,
					noiseSuppression: isProcessed,
					autoGainControl: isProcessed,
				},
			});
			// At the same time: both take a while.
			const [given, ready] = await Promise.allSettled([asked, this.#ready()]);
			if (given.status === 'rejected') throw microphoneFailure(given.reason);
			stream = given.value;
			if (ready.status === 'rejected') throw ready.reason;
			const [track] = stream.getAudioTracks();
			if (!track) throw new Failure('no-device');
			const take = new Take(ready.value, stream, track, sampleRate, events);
			take.released.then(() => this.#rest());
			return take;
		} catch (thrown) {
			for (const track of stream?.getTracks() ?? []) track.stop();
			this.#rest();
			throw microphoneFailure(thrown);
		}
	}

	/** For ever. */
	close(): void {
		this.#context?.close().catch(() => {});
		this.#context = undefined;
		this.#loaded = undefined;
	}

	async #ready(): Promise<AudioContext> {
		if (!this.#context || this.#context.state === 'closed') {
			// At the rate of the device: Firefox joins no microphone to a context of another rate.
			this.#context = new AudioContext({ latencyHint: 'interactive' });
			this.#loaded = undefined;
		}
		const context = this.#context;
		if (context.state !== 'running') context.resume().catch(() => {});
		this.#loaded ??= context.audioWorklet.addModule(this.#worklet);
		try {
			await Promise.race([this.#loaded, late(LOAD_MS)]);
		} catch (thrown) {
			this.#loaded = undefined;
			throw new Failure('not-connected', `${this.#worklet}: ${described(thrown).message}`);
		}
		return context;
	}

	/** Nothing runs between recordings. */
	#rest(): void {
		this.#takes -= 1;
		if (this.#takes === 0 && this.#context?.state === 'running') this.#context.suspend().catch(() => {});
	}
}

/** One recording. */
export class Take {
	/** Resolves when the device was given back. */
	readonly released: Promise<void>;
	readonly #track: MediaStreamTrack;
	readonly #source: MediaStreamAudioSourceNode;
	readonly #node: AudioWorkletNode;
	readonly #events: MicrophoneEvents;
	#resolveReleased = () => {};
	#flushed = () => {};
	#watchdog: ReturnType<typeof setTimeout> | undefined;
	#muted: ReturnType<typeof setTimeout> | undefined;
	#isReleased = false;

	constructor(
		context: AudioContext,
		stream: MediaStream,
		track: MediaStreamTrack,
		sampleRate: number,
		events: MicrophoneEvents,
	) {
		this.#events = events;
		this.#track = track;
		this.released = new Promise((resolve) => {
			this.#resolveReleased = resolve;
		});
		this.#source = context.createMediaStreamSource(stream);
		this.#node = new AudioWorkletNode(context, 'voice-mic', {
			numberOfOutputs: 1,
			// The browser mixes what has more channels.
			channelCount: 1,
			channelCountMode: 'explicit',
			channelInterpretation: 'speakers',
			processorOptions: { sampleRate },
		});
		this.#node.port.onmessage = ({ data }: MessageEvent<Frame | null>) => this.#receive(data);
		this.#node.onprocessorerror = () => this.#fail('unsupported', 'the audio worklet failed');
		track.onended = () => this.#fail('device-lost', track.label);
		track.onmute = () => {
			this.#muted = setTimeout(() => this.#fail('device-muted', track.label), MUTED_MS);
		};
		track.onunmute = () => clearTimeout(this.#muted);
		this.#source.connect(this.#node);
		// Some browsers run only what leads to the loudspeaker. The processor's output stays silent.
		this.#node.connect(context.destination);
		this.#watch();
	}

	/** Records the tail, hands over what is left, and gives the device back. */
	async finish(): Promise<void> {
		await elapsed(TAIL_MS);
		if (this.#isReleased) return;
		await new Promise<void>((resolve) => {
			this.#flushed = resolve;
			setTimeout(resolve, FLUSH_MS);
			this.#node.port.postMessage('finish');
		});
		this.release();
	}

	/** Gives the device back at once; no frame comes any more. */
	release(): void {
		if (this.#isReleased) return;
		this.#isReleased = true;
		clearTimeout(this.#watchdog);
		clearTimeout(this.#muted);
		this.#track.onended = null;
		this.#track.onmute = null;
		this.#track.onunmute = null;
		this.#track.stop();
		this.#node.port.postMessage('finish');
		this.#node.port.onmessage = null;
		this.#source.disconnect();
		this.#node.disconnect();
		this.#flushed();
		this.#resolveReleased();
	}

	#receive(frame: Frame | null): void {
		if (this.#isReleased) return;
		if (!frame) {
			this.#flushed();
			return;
		}
		this.#watch();
		this.#events.frame(frame);
	}

	#watch(): void {
		clearTimeout(this.#watchdog);
		this.#watchdog = setTimeout(() => this.#fail('device-stalled'), STALLED_MS);
	}

	#fail(code: 'device-lost' | 'device-muted' | 'device-stalled' | 'unsupported', detail = ''): void {
		if (this.#isReleased) return;
		this.release();
		this.#events.failed(new Failure(code, detail));
	}
}

function elapsed(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

async function late(ms: number): Promise<never> {
	await elapsed(ms);
	throw new Error('no answer in time');
}
