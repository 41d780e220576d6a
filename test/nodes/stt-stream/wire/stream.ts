import assert from 'node:assert/strict';
import { AudioStreams } from '../../../../lib/node/audio-streams.ts';
import { systemClock } from '../../../../lib/node/clock.ts';
import type { SessionDetails, SessionEventName, Transcript } from '../../../../lib/node/messages.ts';
import type { SttProvider, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { type Engine, Session, type SessionSettings } from '../../../../nodes/stt-stream/session.ts';
import { MONO, SAFETY_MS, sessionSettings } from '../helpers.ts';
import { reach } from './clock.ts';

export const options = { timeout: SAFETY_MS };

export interface WireOptions extends Partial<Engine> {
	readonly settings?: Partial<SessionSettings>;
	readonly format?: { readonly sampleRate: number; readonly channels: number };
	readonly id?: string;
}

/**
 * One stream on its whole way: messages as another node sends them, the engine, a real adapter and real sockets. And
 * all that came of it.
 */
export class WireStream {
	readonly transcripts: Transcript[] = [];
	readonly events: { name: SessionEventName; details: SessionDetails }[] = [];
	readonly errors: VoiceError[] = [];
	/** The details of 'closed'. */
	readonly closed: Promise<SessionDetails>;
	readonly #inputs: AudioStreams;
	readonly #format: { readonly sampleRate: number; readonly channels: number };
	readonly #id: string;
	readonly #engine: Partial<Engine>;
	#session: Session | undefined;

	constructor(
		provider: SttProvider,
		{ settings, format = MONO, id = 'stream', ...engine }: WireOptions = {},
	) {
		this.#format = format;
		this.#id = id;
		this.#engine = engine;
		let close = (_details: SessionDetails): void => {};
		this.closed = new Promise((resolve) => {
			close = resolve;
		});
		const output = {
			transcript: (transcript: Transcript) => void this.transcripts.push(transcript),
			event: (name: SessionEventName, details: SessionDetails) => {
				this.events.push({ name, details });
				if (name === 'closed') close(details);
			},
			failed: (error: VoiceError) => void this.errors.push(error),
		};
		const all = { ...sessionSettings, reconnectMs: SAFETY_MS, ...settings };
		this.#inputs = new AudioStreams(
			{ rawSampleRate: 0, rawChannels: 1, streamIdleMs: 0 },
			{
				start: (stream) => {
					this.#session = new Session(provider, all, stream, output, engine);
				},
				audio: (_stream, pcm) => this.#session?.write(pcm),
				end: () => this.#session?.end(),
				reset: () => void this.#session?.abandon(),
			},
		);
	}

	/** A message with audio, also such that cuts a sample in two; `last` ends the stream. */
	send(payload: Buffer, last = false): void {
		const audio = { ...this.#format, encoding: 'pcm_s16le' };
		this.#inputs.accept({
			payload,
			audio,
			parts: { id: this.#id, index: 0, type: 'buffer', ch: '' },
			topic: 'mic',
			...(last && { complete: true }),
		});
	}

	/** As a microphone: chunks of `stepMs`, each when it has been spoken. */
	async speak(pcm: Buffer, stepMs = 20): Promise<void> {
		const { sampleRate, channels } = this.#format;
		const size = Math.round((sampleRate * stepMs) / 1000) * channels * 2;
		const clock = this.#engine.clock ?? systemClock;
		const begin = clock.now();
		for (let at = 0; at < pcm.length; at += size) {
			this.send(pcm.subarray(at, at + size));
			await reach(clock, begin + (Math.min(at + size, pcm.length) / size) * stepMs);
		}
	}

	/** No more audio. @returns the details of 'closed', once the recogniser is gone */
	async end(): Promise<SessionDetails> {
		this.send(Buffer.alloc(0), true);
		return this.gone();
	}

	/** Resolves when the stream has closed and nothing is left of its sessions. */
	async gone(): Promise<SessionDetails> {
		const details = await this.closed;
		await this.#session?.abandon();
		this.#inputs.close();
		return details;
	}

	/** Gives up now. */
	abandon(): void {
		this.#inputs.accept({ reset: true, parts: { id: this.#id } });
	}

	named(name: SessionEventName): SessionDetails[] {
		return this.events.filter((event) => event.name === name).map(({ details }) => details);
	}

	get finals(): Transcript[] {
		return this.transcripts.filter(({ kind }) => kind === 'final');
	}

	get text(): string {
		return this.finals.map(({ text }) => text).join(' ');
	}

	/** What holds for every stream: one end, which is the last; turns count, times rise and lie within the audio. */
	check(): void {
		assert.equal(this.named('closed').length, 1, `closed ${this.named('closed').length} times`);
		const last = this.events.at(-1);
		assert.ok(last?.name === 'closed', `${last?.name} came after 'closed'`);
		const { audioMs } = last.details;
		let lastMs = 0;
		for (const [index, { turn, startMs, endMs, words = [], stream }] of this.finals.entries()) {
			assert.equal(stream, this.#id);
			assert.equal(turn, index);
			const where = `final ${index}: ${startMs} to ${endMs} ms, after ${lastMs} ms of ${audioMs} ms`;
			assert.ok(startMs >= lastMs && endMs >= startMs && endMs <= audioMs + 1, where);
			let wordMs = lastMs;
			for (const word of words) {
				assert.ok(word.startMs >= wordMs && word.endMs >= word.startMs, `${where}: ${word.text}`);
				wordMs = word.endMs;
			}
			lastMs = endMs;
		}
	}
}
