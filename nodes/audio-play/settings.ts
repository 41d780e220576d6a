import { migrate } from '../../lib/node/migrate.ts';
import { readerOf, SettingsReader } from '../../lib/node/settings.ts';
import { MIGRATIONS } from './migrations.ts';
import { applies, type BackendName, RULES } from './rules.ts';

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

/**
 * Reads a node's configuration; what it has no use for is not looked at.
 * @throws VoiceError AUDIO_FORMAT that names the setting that cannot be used
 */
export function readSettings(config: object): AudioPlaySettings {
	const read = new SettingsReader(migrate(config, MIGRATIONS), 'AUDIO_FORMAT');
	const { number } = readerOf(read, RULES, applies);
	const { choices } = RULES;
	return {
		backend: read.choice('backend', choices.backend.choices, choices.backend.value),
		device: read.text('device'),
		file: read.text('file'),
		framesPerBuffer: number('framesPerBuffer'),
		mode: read.choice('mode', choices.mode.choices, choices.mode.value),
		volume: number('volume'),
		maxQueueMs: number('maxQueueMs'),
		rawSampleRate: number('rawSampleRate'),
		rawChannels: number('rawChannels'),
		streamIdleMs: number('streamIdleMs'),
	};
}
