import type { Clock } from '../../../lib/node/clock.ts';
import type { SttSession } from '../providers/provider.ts';
import { notOpened } from './failures.ts';

/** How to wait for an opening. */
export interface OpeningLimits {
	readonly timeoutMs: number;
	/** Who is to open it, for error texts. */
	readonly peer: string;
	readonly clock: Clock;
	/** Gives the opening up. */
	readonly abandoned: AbortSignal;
	/** Gets a promise of the end of a session that opens although it was given up. */
	readonly onLate: (gone: Promise<void>) => void;
}

/** Waits at most `timeoutMs` for an opening; on time-out, and when `abandoned` fires, the opening is aborted. */
export async function openWithin(
	open: (signal: AbortSignal) => Promise<SttSession>,
	{ timeoutMs, peer, clock, abandoned, onLate }: OpeningLimits,
): Promise<SttSession> {
	const opener = new AbortController();
	const cancel = clock.after(timeoutMs, () => opener.abort(notOpened(peer, timeoutMs)));
	const onAbandoned = () => opener.abort();
	abandoned.addEventListener('abort', onAbandoned, { once: true });
	const aborted = new Promise<never>((_, reject) => {
		opener.signal.addEventListener('abort', () => reject(opener.signal.reason), { once: true });
	});
	const opening = open(opener.signal);
	try {
		if (abandoned.aborted) opener.abort();
		return await Promise.race([opening, aborted]);
	} catch (thrown) {
		onLate(
			opening.then(end, () => {
				// It did not open, as was wanted.
			}),
		);
		throw thrown;
	} finally {
		cancel();
		abandoned.removeEventListener('abort', onAbandoned);
	}
}

async function end(session: SttSession): Promise<void> {
	session.abort();
	await session.finish();
}

/** Waits `ms`, or until `signal` fires. */
export function sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) return resolve();
		const wake = () => {
			cancel();
			signal.removeEventListener('abort', wake);
			resolve();
		};
		const cancel = clock.after(ms, wake);
		signal.addEventListener('abort', wake, { once: true });
	});
}
