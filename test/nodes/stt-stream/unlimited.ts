import type { Capabilities } from '../../../nodes/stt-stream/providers/provider.ts';

const NONE = Number.POSITIVE_INFINITY;

/** What a made-up recogniser can do that limits nothing. */
export const UNLIMITED: Capabilities = {
	sampleRates: [16_000],
	chunkMs: { min: 0, max: 1000 },
	chunkMaxBytes: NONE,
	pace: NONE,
	sessionLimit: { ms: NONE, bytes: NONE },
	idleLimitMs: NONE,
	keepAlive: 'none',
	endMarker: true,
	partials: true,
	refines: false,
	words: true,
	confidence: true,
};
