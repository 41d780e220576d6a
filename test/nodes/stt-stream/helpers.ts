import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionDetails, SessionEventName, Transcript } from '../../../lib/node/messages.ts';
import { createProvider } from '../../../nodes/stt-stream/providers/index.ts';
import type {
	Capabilities,
	OpenOptions,
	ProviderConfig,
	SttEvent,
	SttProvider,
	SttResult,
	SttSession,
	VoiceError,
} from '../../../nodes/stt-stream/providers/provider.ts';
import { Session, type SessionSettings } from '../../../nodes/stt-stream/session.ts';
import { descendants, isAlive, type Proc } from '../../lab/descendants.ts';

/** Only there to end a test that hangs. */
export const SAFETY_MS = 120_000;

export const RATE = 16_000;
export const MONO = { sampleRate: RATE, channels: 1 };

/** Milliseconds of silence at 16 kHz. */
export const silence = (ms: number): Buffer => Buffer.alloc((ms * RATE * 2) / 1000);

export function localProvider(
	options: Record<string, unknown> = {},
	more: Partial<ProviderConfig> = {},
): SttProvider {
	const credentials = { apiKey: '', token: '', serviceAccount: '' };
	// Whoever runs the tests may have downloaded models.
	const userDir = join(tmpdir(), 'voice-no-such-user');
	const config = { endpoint: '', caFile: '', model: '', credentials, options, userDir, ...more };
	return createProvider('local', config);
}

export const openOptions = { sampleRate: RATE, language: '', partials: true, refined: false };

/** `openOptions`, but for some of them. */
export const wishes = (more: Partial<OpenOptions> = {}): OpenOptions => ({ ...openOptions, ...more });

/** A signal that never comes. */
export const never = (): AbortSignal => new AbortController().signal;

/** All of a session's events, and the error that ended it. */
export interface Heard {
	readonly events: SttEvent[];
	/** Resolves when the iteration ends. */
	readonly end: Promise<VoiceError | undefined>;
	results(type: SttResult['type']): SttResult[];
	/** The finals' text. */
	readonly text: string;
}

/** Listens to a session; hands `drain` to `feed`. */
export function listen(session: SttSession): Heard {
	const events: SttEvent[] = [];
	const results = (type: SttResult['type']) =>
		events.filter((event): event is SttResult => event.type === type);
	const end = (async () => {
		try {
			for await (const event of session) {
				events.push(event);
				if (event.type === 'drain') drains.get(session)?.();
			}
			return undefined;
		} catch (error) {
			return error as VoiceError;
		} finally {
			drains.get(session)?.();
			drains.delete(session);
			over.add(session);
		}
	})();
	const text = () =>
		results('final')
			.map((result) => result.text)
			.join(' ');
	return {
		events,
		end,
		results,
		get text() {
			return text();
		},
	};
}

const drains = new WeakMap<SttSession, () => void>();
const over = new WeakSet<SttSession>();

/** Writes audio in pieces of `ms`, as fast as the session takes it; the last one is filled up with silence. */
export async function feed(session: SttSession, pcm: Buffer, ms = 64): Promise<void> {
	const size = Math.max(2, Math.round((ms * RATE) / 1000) * 2);
	for (let at = 0; at < pcm.length && !over.has(session); at += size) {
		const piece = pcm.subarray(at, at + size);
		const filled = piece.length < size ? Buffer.concat([piece, Buffer.alloc(size - piece.length)]) : piece;
		if (!session.write(filled)) await new Promise<void>((resolve) => drains.set(session, resolve));
	}
}

/** The pieces of `pcm` that a recogniser with these capabilities takes. */
export const pieceMs = ({ chunkMs, chunkMaxBytes }: Capabilities) => ({
	shortest: Math.max(chunkMs.min, 1),
	longest: Math.min(chunkMs.max, chunkMaxBytes / 32, 2000),
});

/** What came out of a `Session`. */
export interface Outcome {
	readonly transcripts: Transcript[];
	readonly events: { name: SessionEventName; details: SessionDetails }[];
	readonly errors: VoiceError[];
	/** In the order of arrival: 'open', 'partial', 'final', 'failed', 'closed' … */
	readonly order: string[];
	/** The details of 'closed'. */
	readonly closed: Promise<SessionDetails>;
	finals(): string[];
}

export const sessionSettings: SessionSettings = {
	language: '',
	partials: true,
	finals: 'first',
	connectTimeoutMs: SAFETY_MS,
	finalTimeoutMs: SAFETY_MS,
	maxBufferMs: 30_000,
};

/** Begins a stream and records what comes of it. */
export function beginStream(
	provider: SttProvider,
	{ settings = {}, format = MONO, id = 'stream' }: BeginOptions = {},
): { session: Session; outcome: Outcome } {
	const transcripts: Transcript[] = [];
	const events: Outcome['events'] = [];
	const errors: VoiceError[] = [];
	const order: string[] = [];
	let close = (_details: SessionDetails): void => {};
	const closed = new Promise<SessionDetails>((resolve) => {
		close = resolve;
	});
	const session = new Session(
		provider,
		{ ...sessionSettings, ...settings },
		{ id, format },
		{
			transcript(transcript) {
				transcripts.push(transcript);
				order.push(transcript.kind);
			},
			event(name, details) {
				events.push({ name, details });
				order.push(name);
				if (name === 'closed') close(details);
			},
			failed(error) {
				errors.push(error);
				order.push('failed');
			},
		},
	);
	const finals = () => transcripts.filter(({ kind }) => kind !== 'partial').map(({ text }) => text);
	return { session, outcome: { transcripts, events, errors, order, closed, finals } };
}

interface BeginOptions {
	settings?: Partial<SessionSettings>;
	format?: { sampleRate: number; channels: number };
	id?: string;
}

/** The recognisers that this process runs, without the shells that guard them. */
export const engines = (): Proc[] =>
	descendants(process.pid, 'none').filter(
		({ command }) => /sphinx/.test(command) && !/^\/bin\/sh/.test(command),
	);

/** Stops processes in their tracks. Returns what makes those go on that are still there. */
export function freeze(all: readonly Proc[]): () => void {
	for (const { pid } of all) process.kill(pid, 'SIGSTOP');
	return () => {
		for (const proc of all) if (isAlive(proc)) process.kill(proc.pid, 'SIGCONT');
	};
}

/** Resolves when this process has no child any more. */
export async function noChildren(): Promise<void> {
	for (const deadline = Date.now() + SAFETY_MS; ; await sleep(20)) {
		const left = descendants(process.pid, 'none');
		if (!left.length) return;
		if (Date.now() > deadline)
			throw new Error(`still running: ${left.map(({ command }) => command).join('; ')}`);
	}
}

/** Resolves when `condition` gives something. */
export async function until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
	for (const deadline = Date.now() + SAFETY_MS; ; await sleep(5)) {
		const value = condition();
		if (value) return value;
		if (Date.now() > deadline) throw new Error(`${what} did not happen`);
	}
}
