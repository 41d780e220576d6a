// What the settings of a loudspeaker may be. The editor judges by the same rules as the runtime.
import { CHANNELS_MAX, SAMPLE_RATE_MAX } from '../../lib/audio/format.ts';
import { isOff, type Of, type Rules } from '../../lib/node/rules.ts';

export const SOUND_CARDS = ['auto', 'portaudio', 'alsa'] as const;
export const BACKENDS = [...SOUND_CARDS, 'file'] as const;
export type BackendName = (typeof BACKENDS)[number];

const HOUR_MS = 3_600_000;

export const RULES = {
	choices: {
		backend: { value: 'auto', choices: BACKENDS },
		mode: { value: 'queue', choices: ['queue', 'interrupt'] },
	},
	flags: {},
	numbers: {
		framesPerBuffer: { value: 4096, max: 65_536, integer: true },
		volume: { value: 100, max: 100 },
		maxQueueMs: { value: 60_000, min: 100, max: HOUR_MS },
		/** Hz; 0 = unknown. */
		rawSampleRate: { value: 0, max: SAMPLE_RATE_MAX, integer: true },
		rawChannels: { value: 1, min: 1, max: CHANNELS_MAX, integer: true },
		/** 0 = never. */
		streamIdleMs: { value: 5000, max: HOUR_MS },
	},
} as const satisfies Rules;

const USES: Readonly<Record<string, (of: Of) => boolean>> = {
	device: (of) => of('backend') !== 'file',
	file: (of) => of('backend') === 'file',
	framesPerBuffer: (of) => !['alsa', 'file'].includes(of('backend')),
	rawChannels: (of) => !isOff(of('rawSampleRate')),
};

/** Is there a use for the setting, with the others as they are? What has none is neither shown nor judged nor read. */
export const applies = (name: string, of: Of): boolean => USES[name]?.(of) ?? true;
