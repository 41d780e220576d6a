// What the settings of a microphone may be. The editor judges by the same rules as the runtime.
import {
	CHANNELS_MAX,
	msToBytes,
	type PcmFormat,
	SAMPLE_RATE_MAX,
	SAMPLE_RATE_MIN,
} from '../../lib/audio/format.ts';
import { isOff, type Of, type Rules } from '../../lib/node/rules.ts';

export const SOUND_CARDS = ['auto', 'portaudio', 'alsa'] as const;
/** Names of the microphones that are opened here, as stored in a flow. */
export const DEVICE_SOURCE_NAMES = [...SOUND_CARDS, 'file'] as const;
export type DeviceSourceName = (typeof DEVICE_SOURCE_NAMES)[number];

/** All that can be chosen: those of web pages are opened there. */
export const SOURCE_NAMES = [...DEVICE_SOURCE_NAMES, 'browser'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

const DAY_MS = 86_400_000;
const PRE_ROLL_BYTES = 64_000_000;

/** `…Ms` in milliseconds, where 0 is none. */
export const RULES = {
	choices: {
		source: { value: 'auto', choices: SOURCE_NAMES },
		/** What begins a stream: a message, or somebody who speaks. */
		trigger: { value: 'control', choices: ['control', 'speech'] },
	},
	flags: { loop: false, muteWhilePlaying: false, autostart: false },
	numbers: {
		sampleRate: { value: 16_000, min: SAMPLE_RATE_MIN, max: SAMPLE_RATE_MAX, integer: true },
		channels: { value: 1, min: 1, max: CHANNELS_MAX, integer: true },
		framesPerBuffer: { value: 1024, min: 1, max: 1_048_576, integer: true },
		preRollMs: { value: 0, max: 60_000 },
		maxMs: { value: 0, max: DAY_MS },
		startTimeoutMs: { value: 0, max: DAY_MS },
		silenceStopMs: { value: 0, max: DAY_MS },
		silenceThresholdDb: { value: -45, min: -120, max: 0 },
		recordMaxMs: { value: 300_000, max: DAY_MS },
	},
} as const satisfies Rules;

/** With the trigger `speech`, where nothing else is set: words have a beginning, and utterances an end. */
export const HANDS_FREE = { preRollMs: 300, silenceStopMs: 800 };

/** In a page it is its user who begins, whatever was chosen for another source. */
export const isHandsFree = (of: Of): boolean => of('trigger') === 'speech' && of('source') !== 'browser';

const inPage = (of: Of): boolean => of('source') === 'browser';
const isFile = (of: Of): boolean => of('source') === 'file';

const USES: Readonly<Record<string, (of: Of) => boolean>> = {
	device: (of) => !inPage(of) && !isFile(of),
	path: inPage,
	file: isFile,
	loop: isFile,
	trigger: (of) => !inPage(of),
	autostart: (of) => !inPage(of) && !isHandsFree(of),
	muteWhilePlaying: (of) => !inPage(of),
	preRollMs: (of) => !inPage(of),
	startTimeoutMs: (of) => !isHandsFree(of),
	// A page may end at silence though the node does not.
	silenceThresholdDb: (of) =>
		inPage(of) || isHandsFree(of) || !isOff(of('startTimeoutMs')) || !isOff(of('silenceStopMs')),
};

/** Is there a use for the setting, with the others as they are? What has none is neither shown nor judged nor read. */
export const applies = (name: string, of: Of): boolean => USES[name]?.(of) ?? true;

/** Does it take more memory than a microphone may have? */
export const isPreRollTooLarge = (preRollMs: number, format: PcmFormat): boolean =>
	msToBytes(preRollMs, format) > PRE_ROLL_BYTES;
