import { CHANNELS_MAX, SAMPLE_RATE_MAX } from '../../lib/audio/format.ts';
import { SettingsReader } from '../../lib/node/settings.ts';
import { BACKENDS, type BackendName } from './sinks/index.ts';

/** The node's settings as the editor stores them, with what holds where one is missing. */
export interface AudioPlaySettings {
	backend: BackendName;
	/** Exact name; '' = default device. */
	device: string;
	/** Path of the WAV file for the `file` backend. */
	file: string;
	framesPerBuffer: number;
	mode: 'queue' | 'interrupt';
	/** 0 to 100 */
	volume: number;
	maxQueueMs: number;
	/** 0 = unknown. */
	rawSampleRate: number;
	rawChannels: number;
	/** 0 = never. */
	streamIdleMs: number;
}

const HOUR_MS = 3_600_000;

/** Reads a node's configuration; throws a VoiceError that names the setting that cannot be used. */
export function readSettings(config: object): AudioPlaySettings {
	const read = new SettingsReader(config, 'AUDIO_FORMAT');
	const whole = { integer: true } as const;
	return {
		backend: read.choice('backend', BACKENDS, 'auto'),
		device: read.text('device'),
		file: read.text('file'),
		framesPerBuffer: read.number('framesPerBuffer', 4096, { ...whole, max: 65_536 }),
		mode: read.choice('mode', ['queue', 'interrupt'], 'queue'),
		volume: read.number('volume', 100, { max: 100 }),
		maxQueueMs: read.number('maxQueueMs', 60_000, { min: 100, max: HOUR_MS }),
		rawSampleRate: read.number('rawSampleRate', 0, { ...whole, max: SAMPLE_RATE_MAX }),
		rawChannels: read.number('rawChannels', 1, { ...whole, min: 1, max: CHANNELS_MAX }),
		streamIdleMs: read.number('streamIdleMs', 5000, { max: HOUR_MS }),
	};
}
