import type { NodeAPI } from 'node-red';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import type { RateLimit } from '../../lib/node/rate-limit.ts';

export type Handler = Parameters<NodeAPI['httpAdmin']['get']>[1];
export type Request = Parameters<Handler>[0];
export type Response = Parameters<Handler>[1];

const STATUS: Readonly<Record<string, number>> = { STT_CONFIG: 400, STT_MODEL_MISSING: 404, STT_QUOTA: 429 };

/**
 * A handler that answers every failure with `{ code, message }`, so that nothing rejects.
 * @param doing what it does, for failures that nobody foresaw: "Managing the speech models"
 */
export function guarded(
	limit: RateLimit,
	doing: string,
	handle: (request: Request, response: Response) => unknown,
) {
	return async (request: Request, response: Response): Promise<void> => {
		try {
			if (!limit.admits(response))
				throw new VoiceError('STT_QUOTA', 'Too many requests', 'wait a moment', { retryable: true });
			await handle(request, response);
		} catch (thrown) {
			const error = toVoiceError(thrown, 'STT_ENGINE', doing);
			const { code, message, retryable } = error;
			if (response.headersSent || response.destroyed) return;
			response.status(STATUS[code] ?? (retryable ? 409 : 500)).json({ code, message });
		}
	};
}
