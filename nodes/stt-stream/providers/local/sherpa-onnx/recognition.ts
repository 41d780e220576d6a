import type { ResultWord, SttEvent, SttResult } from '../../provider.ts';
import type { NativeRecognizer, NativeStream } from './addon.ts';
import type { Reading } from './protocol.ts';
import { type Understood, understood } from './results.ts';

export interface RecognitionSettings extends Reading {
	/** Hertz, of the audio. */
	readonly sampleRate: number;
	readonly partials: boolean;
	/** Tag put on results, '' for none. */
	readonly language: string;
	/** Tell the engine the language. */
	readonly multilingual: boolean;
	/** Where in the stream its audio begins, in samples. */
	readonly at: number;
}

/**
 * Runs one native stream and tells what comes of it, in milliseconds of the audio stream. What it tells depends only on
 * the audio and not on how that was cut: after every single decoding step the endpoint is looked for.
 */
export class Recognition {
	readonly #native: NativeRecognizer;
	readonly #stream: NativeStream;
	readonly #settings: RecognitionSettings;
	readonly #emit: (event: SttEvent) => void;
	/** Of the stream's own audio, without what is put around it. */
	#samples = 0;
	/** Not counted yet. */
	#fedMs = 0;
	#said = '';

	constructor(native: NativeRecognizer, settings: RecognitionSettings, emit: (event: SttEvent) => void) {
		this.#native = native;
		this.#settings = settings;
		this.#emit = emit;
		this.#stream = native.createStream();
		const { language, multilingual, leadMs } = settings;
		if (multilingual && language) this.#stream.setOption('language', language);
		this.#feed(this.#silence(leadMs));
	}

	/** @returns milliseconds that the engine was given */
	accept(samples: Float32Array): number {
		this.#samples += samples.length;
		this.#feed(samples);
		this.#decode();
		return this.#given();
	}

	/** No more audio: the last words come. @returns milliseconds of silence that the engine was given for that */
	finish(): number {
		this.#feed(this.#silence(this.#settings.tailMs));
		this.#stream.inputFinished();
		this.#decode();
		this.#final();
		return this.#given();
	}

	#given(): number {
		const ms = this.#fedMs;
		this.#fedMs = 0;
		return ms;
	}

	#feed(samples: Float32Array): void {
		const { sampleRate } = this.#settings;
		if (!samples.length) return;
		this.#fedMs += (samples.length / sampleRate) * 1000;
		this.#stream.acceptWaveform({ samples, sampleRate });
	}

	#silence(ms: number): Float32Array {
		return new Float32Array(Math.round((ms * this.#settings.sampleRate) / 1000));
	}

	#decode(): void {
		while (this.#native.isReady(this.#stream)) {
			this.#native.decode(this.#stream);
			if (this.#native.isEndpoint(this.#stream)) this.#final();
			else this.#partial();
		}
	}

	#partial(): void {
		const said = this.#read();
		if (!said || said.text === this.#said) return;
		if (!this.#said)
			this.#emit({ type: 'speech-started', ...(said.startMs !== undefined && { atMs: said.startMs }) });
		this.#said = said.text;
		if (!this.#settings.partials) return;
		const { text, startMs, endMs } = said;
		this.#emit(
			this.#result('partial', {
				text,
				...(startMs !== undefined && { startMs }),
				...(endMs !== undefined && { endMs }),
			}),
		);
	}

	#final(): void {
		const said = this.#read();
		if (said) {
			if (!this.#said) this.#partial();
			this.#emit(this.#result('final', said));
			this.#emit({ type: 'end-of-utterance', ...(said.endMs !== undefined && { atMs: said.endMs }) });
		}
		this.#said = '';
		this.#native.reset(this.#stream);
	}

	#result(type: SttResult['type'], said: Understood): SttResult {
		const { language } = this.#settings;
		return { type, ...said, ...(language && { language }) };
	}

	#read(): Understood | undefined {
		const said = understood(this.#native.getResult(this.#stream), this.#settings);
		if (said?.startMs === undefined || said.endMs === undefined) return said;
		const { startMs, endMs, settledMs, words } = said;
		return {
			...said,
			...this.#moved({ startMs, endMs }),
			...(settledMs !== undefined && { settledMs: this.#moved({ startMs, endMs: settledMs }).endMs }),
			...(words && { words: words.map((word) => this.#moved(word)) }),
		};
	}

	/** Times of the native stream, put into those of the audio stream and within it. */
	#moved<Span extends Pick<ResultWord, 'startMs' | 'endMs'>>(span: Span): Span {
		const { sampleRate, leadMs, at } = this.#settings;
		const begin = (at / sampleRate) * 1000;
		const end = begin + (this.#samples / sampleRate) * 1000;
		const put = (ms: number, from: number, to: number) =>
			Math.round(Math.max(from, Math.min(to, ms - leadMs + begin)));
		const startMs = put(span.startMs, begin, end - 1);
		return { ...span, startMs, endMs: put(span.endMs, startMs + 1, end) };
	}
}
