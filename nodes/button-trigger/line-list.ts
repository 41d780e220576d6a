import type { NodeAPI } from 'node-red';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import { RateLimit } from '../../lib/node/rate-limit.ts';
import { GpiodTools } from './lines/gpiod-tools.ts';
import type { LineUse } from './lines/gpioinfo.ts';

/** Each look starts three programs. */
const RATE = { count: 20, perMs: 60_000 };

/**
 * GET /voice/button-trigger/lines for the dialog: `{ used: LineUse[] }`, the GPIO lines of the header that are in use
 * on this machine. A failure is `{ code, message }`: status 429 when asked too often (with Retry-After), 503 when it
 * cannot be found out. Call once per node set.
 */
export function serveLineList(RED: NodeAPI): void {
	const limit = new RateLimit(RATE);
	/** Who asks while somebody's question is being answered gets the same answer. */
	let looking: Promise<LineUse[]> | undefined;
	const look = async () => (await GpiodTools.find()).headerUse();

	RED.httpAdmin.get(
		'/voice/button-trigger/lines',
		RED.auth.needsPermission('button-trigger.read'),
		async (_request, response) => {
			try {
				if (!limit.admits(response)) {
					const { code, message } = new VoiceError('GPIO_BUSY', 'Asked too often', 'wait a moment');
					response.status(429).json({ code, message });
					return;
				}
				looking ??= look().finally(() => {
					looking = undefined;
				});
				response.json({ used: await looking });
			} catch (thrown) {
				const { code, message } = toVoiceError(thrown, 'GPIO_UNAVAILABLE', 'Listing the GPIO lines');
				response.status(503).json({ code, message });
			}
		},
	);
}
