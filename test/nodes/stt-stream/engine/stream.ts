import assert from 'node:assert/strict';
import { loadResampler } from '../../../../lib/audio/resample.ts';
import type { SessionDetails, SessionEventName, Transcript } from '../../../../lib/node/messages.ts';
import type { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { type Engine, Session, type SessionSettings } from '../../../../nodes/stt-stream/session.ts';
import type { FlakyProvider } from './flaky-provider.ts';
import { FORMAT } from './numbered-speech.ts';

// It needs real time, which is not virtual.
await loadResampler();

export const options = { timeout: 120_000 };

const SETTINGS: SessionSettings = {
	language: '',
	partials: true,
	finals: 'first',
	connectTimeoutMs: 10_000,
	finalTimeoutMs: 10_000,
	maxBufferMs: 30_000,
	reconnectMs: 60_000,
};

/** A stream through a flaky provider in its virtual time, and all that came of it. */
export class VirtualStream {
	readonly session: Session;
	readonly finals: Transcript[] = [];
	readonly events: { name: SessionEventName; details: SessionDetails; at: number }[] = [];
	readonly errors: VoiceError[] = [];
	readonly provider: FlakyProvider;

	constructor(
		provider: FlakyProvider,
		settings: Partial<SessionSettings> = {},
		{ id = 'stream', ...engine }: Partial<Engine> & { id?: string } = {},
	) {
		this.provider = provider;
		const { clock } = provider;
		this.session = new Session(
			provider,
			{ ...SETTINGS, ...settings },
			{ id, format: FORMAT },
			{
				transcript: (transcript) => void (transcript.kind === 'final' && this.finals.push(transcript)),
				event: (name, details) => void this.events.push({ name, details, at: clock.now() }),
				failed: (error) => void this.errors.push(error),
			},
			{ clock, random: () => 0.5, ...engine },
		);
	}

	/** As a microphone: pieces of `stepMs`, each in its time. */
	async speak(pcm: Buffer, stepMs = 20): Promise<void> {
		for (let at = 0; at < pcm.length; at += stepMs * 32) {
			this.session.write(pcm.subarray(at, at + stepMs * 32));
			await this.provider.clock.pass(stepMs);
		}
	}

	/** No more audio; gives the recogniser `ms` to finish. @returns the details of 'closed' */
	async end(ms = 60_000): Promise<SessionDetails> {
		this.session.end();
		return this.closed(ms);
	}

	async closed(ms = 60_000): Promise<SessionDetails> {
		for (let passed = 0; passed < ms && this.session.state !== 'closed'; passed += 100)
			await this.provider.clock.pass(100);
		const closings = this.named('closed');
		assert.equal(closings.length, 1, `closed ${closings.length} times`);
		assert.equal(this.events.at(-1)?.name, 'closed');
		return closings[0] as SessionDetails;
	}

	named(name: SessionEventName): SessionDetails[] {
		return this.events.filter((event) => event.name === name).map(({ details }) => details);
	}

	get text(): string {
		return this.finals.map(({ text }) => text).join(' ');
	}

	/** What holds for every stream: times rise, turns count, and the engine kept to the protocol. */
	check(): void {
		let lastMs = 0;
		for (const [index, { turn, startMs, endMs }] of this.finals.entries()) {
			assert.equal(turn, index);
			assert.ok(
				startMs >= lastMs && endMs >= startMs,
				`final ${index}: ${startMs} to ${endMs} after ${lastMs}`,
			);
			lastMs = endMs;
		}
		for (const [index, session] of this.provider.sessions.entries()) {
			assert.deepEqual(session.offences, [], `session ${index}`);
			assert.notEqual(session.endedAt, undefined, `session ${index} was left open`);
		}
		assert.equal(this.provider.clock.pending, 0, 'timers were left running');
	}
}

/** Seeded numbers from 0 to 1 (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
