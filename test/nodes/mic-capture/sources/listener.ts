import { EventEmitter, once } from 'node:events';
import type { VoiceError } from '../../../../lib/node/errors.ts';
import type {
	Capture,
	Source,
	SourceEvents,
	SourceOptions,
} from '../../../../nodes/mic-capture/sources/source.ts';

/** Generous: a busy machine is slow, a hanging test should still end. */
const PATIENCE_MS = 60_000;

export const options = (own: Partial<SourceOptions> = {}): SourceOptions => ({
	device: '',
	format: { sampleRate: 16_000, channels: 1 },
	framesPerBuffer: 1024,
	stallMs: 20_000,
	file: '',
	loop: false,
	pace: 1,
	...own,
});

/** Keeps everything that a source delivers, and fails on what comes out of order. */
export class Listener implements SourceEvents {
	readonly pieces: Buffer[] = [];
	bytes = 0;
	ended = false;
	error: VoiceError | undefined;
	/** What came too early, after the end, or after `closed`. */
	readonly misplaced: string[] = [];
	droppedMs = 0;
	#opened = false;
	#closed = false;
	readonly #news = new EventEmitter();

	static async open(
		source: Source,
		own: Partial<SourceOptions>,
	): Promise<{ heard: Listener; capture: Capture }> {
		const heard = new Listener();
		const capture = await source.open(options(own), heard);
		heard.#opened = true;
		return { heard, capture };
	}

	get pcm(): Buffer {
		return Buffer.concat(this.pieces);
	}

	/** Call before `Capture.close`: from then on nothing may come. */
	closed(): void {
		this.#closed = true;
	}

	data(pcm: Buffer): void {
		this.#check('data');
		this.pieces.push(pcm);
		this.bytes += pcm.length;
		this.#news.emit('news');
	}

	dropped(ms: number): void {
		this.droppedMs += ms;
	}

	end(): void {
		this.#check('end');
		this.ended = true;
		this.#news.emit('news');
	}

	lost(error: VoiceError): void {
		this.#check('lost');
		this.error = error;
		this.#news.emit('news');
	}

	/** Resolves when so many bytes have come, in total. */
	async has(bytes: number): Promise<void> {
		await this.#until(() => this.bytes >= bytes);
	}

	/** Resolves when the source has ended or is lost. */
	async isOver(): Promise<void> {
		await this.#until(() => this.ended || this.error !== undefined);
	}

	async #until(met: () => boolean): Promise<void> {
		const signal = AbortSignal.timeout(PATIENCE_MS);
		while (!met()) {
			if (this.error) throw this.error;
			await once(this.#news, 'news', { signal });
		}
	}

	#check(what: string): void {
		if (!this.#opened) this.misplaced.push(`${what} before open`);
		if (this.#closed) this.misplaced.push(`${what} after close`);
		if (this.ended || this.error) this.misplaced.push(`${what} after the end`);
	}
}
