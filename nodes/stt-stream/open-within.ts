import { VoiceError } from './providers/provider.ts';

/** Waits at most `ms` for an opening; on time-out, and when `abandoned` fires, the opening is aborted. */
export async function within<T>(
	ms: number,
	opening: Promise<T>,
	opener: AbortController,
	abandoned: AbortSignal,
): Promise<T> {
	const timer = setTimeout(() => {
		const remedy = 'check the connection to the recogniser, or raise the connect time-out';
		const problem = `The recogniser did not open a session within ${ms} ms`;
		opener.abort(new VoiceError('STT_TIMEOUT', problem, remedy, { retryable: true }));
	}, ms);
	const onAbandoned = () => opener.abort();
	abandoned.addEventListener('abort', onAbandoned, { once: true });
	const aborted = new Promise<never>((_, reject) => {
		opener.signal.addEventListener('abort', () => reject(opener.signal.reason), { once: true });
	});
	try {
		if (abandoned.aborted) opener.abort();
		return await Promise.race([opening, aborted]);
	} finally {
		clearTimeout(timer);
		abandoned.removeEventListener('abort', onAbandoned);
	}
}
