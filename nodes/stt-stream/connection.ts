import { msToBytes } from '../../lib/audio/format.ts';
import type { Clock } from '../../lib/node/clock.ts';
import {
	type Capabilities,
	peerOf,
	type SttProvider,
	type SttSession,
	UnconfirmedEnd,
} from './providers/provider.ts';
import { Chunker, chooseRate } from './session/chunker.ts';
import { notEnded } from './session/failures.ts';
import { openWithin } from './session/open-within.ts';

/** Enough for every recogniser to take it for a session with audio, and nearly nothing to pay for. */
const SILENCE_MS = 200;
const USUAL_RATE = 16_000;
const ASKED = { language: '', partials: true, refined: false };

export interface CheckLimits {
	/** For a session to open. */
	readonly openMs: number;
	/** For it to end after its last audio. */
	readonly endMs: number;
	readonly clock: Clock;
	/** Nobody waits for the result any more. */
	readonly signal: AbortSignal;
}

/**
 * Goes all the way once: opens a session, sends a little silence and waits for the end, since some recognisers refuse a
 * key only there. Resolves to the milliseconds that it took; nothing of the session is left then.
 * Rejects with a VoiceError, or with anything once `signal` was given.
 */
export async function checkConnection(
	provider: SttProvider,
	{ openMs, endMs, clock, signal }: CheckLimits,
): Promise<number> {
	const began = clock.now();
	const peer = peerOf(provider);
	let sampleRate = USUAL_RATE;
	const open = async (opening: AbortSignal) => {
		await provider.prepare?.(ASKED);
		opening.throwIfAborted();
		// What there is to choose from is known only now.
		sampleRate = chooseRate(USUAL_RATE, provider.capabilities.sampleRates);
		return provider.open({ ...ASKED, sampleRate }, opening);
	};
	const session = await openWithin(open, {
		...{ timeoutMs: openMs, peer, clock, abandoned: signal },
		onLate: (gone) => void gone.catch(() => {}),
	});
	const cancel = clock.after(endMs, () => session.abort(notEnded(peer, endMs)));
	const onGone = () => session.abort();
	signal.addEventListener('abort', onGone, { once: true });
	try {
		signal.throwIfAborted();
		sendSilence(session, provider.capabilities, sampleRate);
		session.finish().catch(() => {});
		await end(session);
		signal.throwIfAborted();
		return Math.round(clock.now() - began);
	} finally {
		cancel();
		signal.removeEventListener('abort', onGone);
		session.abort();
		await session.finish();
	}
}

/** What it says is of no interest: only that nothing is thrown. There was nothing to hear. */
async function end(session: SttSession): Promise<void> {
	try {
		for await (const event of session) void event;
	} catch (thrown) {
		if (!(thrown instanceof UnconfirmedEnd)) throw thrown;
	}
}

function sendSilence(session: SttSession, capabilities: Capabilities, sampleRate: number): void {
	const format = { sampleRate, channels: 1 };
	const chunker = new Chunker(capabilities, format);
	const silence = Buffer.alloc(msToBytes(SILENCE_MS, format));
	for (const piece of [...chunker.push(silence), chunker.flush()]) if (piece.length) session.write(piece);
}

/** Where the recogniser of a `peer` is: `host:port`, and the region if the host names one. */
export function placeOf(peer: string, endpoint: string): { peer?: string; region?: string } {
	const host = / at (\S+)$/.exec(peer)?.[1];
	if (host === undefined) return {};
	const name = host.replace(/:\d+$/, '');
	const region = REGIONS.map((pattern) => pattern.exec(name)?.[1]).find(Boolean) ?? NAMED[name];
	const port = /^ws:/i.test(endpoint) ? 80 : 443;
	return { peer: host === name ? `${host}:${port}` : host, ...(region && { region }) };
}

/** The vendors' hosts that have a region in their names. */
const REGIONS = [
	/^streaming\.(\w+)\.assemblyai\.com$/,
	/^([a-z]+(?:-[a-z]+\d+)?)-speech\.googleapis\.com$/,
	/\.yandexcloud\.(kz)$/,
];
const NAMED: Readonly<Record<string, string>> = {
	'speech.googleapis.com': 'global',
	'stt.api.cloud.yandex.net': 'ru',
};
