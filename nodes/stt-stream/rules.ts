// What the settings of a recogniser may be. The editor judges by the same rules as the runtime.
import { CHANNELS_MAX, SAMPLE_RATE_MAX } from '../../lib/audio/format.ts';
import { isOff, type Of, type Rules } from '../../lib/node/rules.ts';

const HOUR_MS = 3_600_000;

export const RULES = {
	choices: {
		/** Which finals are sent where a provider refines its own. */
		finals: { value: 'first', choices: ['first', 'refined', 'both'] },
	},
	flags: { partials: true, warm: false },
	numbers: {
		maxStreams: { value: 4, min: 1, max: 1000, integer: true },
		connectTimeoutMs: { value: 10_000, min: 100, max: HOUR_MS },
		reconnectMs: { value: 60_000, max: HOUR_MS },
		finalTimeoutMs: { value: 10_000, min: 100, max: HOUR_MS },
		maxBufferMs: { value: 30_000, min: 100, max: HOUR_MS },
		/** Hz; 0 = unknown. */
		rawSampleRate: { value: 0, max: SAMPLE_RATE_MAX, integer: true },
		rawChannels: { value: 1, min: 1, max: CHANNELS_MAX, integer: true },
		/** 0 = never. */
		streamIdleMs: { value: 5000, max: HOUR_MS },
	},
} as const satisfies Rules;

/** Is there a use for the setting, with the others as they are? What has none is neither judged nor read. */
export const applies = (name: string, of: Of): boolean =>
	name !== 'rawChannels' || !isOff(of('rawSampleRate'));
