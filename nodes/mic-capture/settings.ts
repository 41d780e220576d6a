import type { PcmFormat } from '../../lib/audio/format.ts';
import { pagePath } from '../../lib/browser/path.ts';
import { VoiceError } from '../../lib/node/errors.ts';
import { migrate } from '../../lib/node/migrate.ts';
import { readerOf, SettingsReader } from '../../lib/node/settings.ts';
import { MIGRATIONS } from './migrations.ts';
import { applies, HANDS_FREE, isHandsFree, isPreRollTooLarge, RULES, type SourceName } from './rules.ts';
import type { SourceOptions } from './sources/source.ts';

/** PortAudio's children watch their devices themselves; this is for the others. */
const STALL_MS = 5000;

export interface MicSettings {
	source: SourceName;
	input: SourceOptions;
	/** Only for `browser`: where pages find it, below httpNodeRoot. */
	path: string;
	/** Of the stream that the node sends. */
	format: PcmFormat;
	framesPerBuffer: number;
	preRollMs: number;
	/** Every stream begins with the first sample: of a file that is played once. */
	fromStart: boolean;
	maxMs: number;
	startTimeoutMs: number;
	silenceStopMs: number;
	silenceThresholdDb: number;
	/** What begins a stream: a message, or somebody who speaks. */
	trigger: 'control' | 'speech';
	/** While an audio-play node sounds, there is only silence. */
	muteWhilePlaying: boolean;
	autostart: boolean;
	recordMaxMs: number;
}

/**
 * Reads a node's configuration; what it has no use for is not looked at.
 * @throws VoiceError MIC_FORMAT that names the setting that cannot be used
 */
export function readSettings(config: object): MicSettings {
	const read = new SettingsReader(migrate(config, MIGRATIONS), 'MIC_FORMAT');
	const { of, number } = readerOf(read, RULES, applies);
	const { choices, flags } = RULES;
	const flag = (name: keyof typeof flags) => applies(name, of) && read.flag(name, flags[name]);

	const source = read.choice('source', choices.source.choices, choices.source.value);
	const { value: control } = choices.trigger;
	const trigger = applies('trigger', of) ? read.choice('trigger', choices.trigger.choices, control) : control;
	const handsFree = isHandsFree(of);
	const format = { sampleRate: number('sampleRate'), channels: number('channels') };
	const framesPerBuffer = number('framesPerBuffer');
	const loop = flag('loop');
	const fromStart = source === 'file' && !loop && !handsFree;
	const preRollMs = number('preRollMs', handsFree ? HANDS_FREE.preRollMs : 0);
	if (isPreRollTooLarge(preRollMs, format))
		throw new VoiceError(
			'MIC_FORMAT',
			`The setting "preRollMs" is ${preRollMs}, which at this rate takes too much memory`,
			'use a shorter pre-roll, a lower sample rate or fewer channels',
		);
	return {
		source,
		input: {
			device: read.text('device'),
			format,
			framesPerBuffer,
			stallMs: STALL_MS,
			file: read.text('file'),
			loop,
			pace: filePace(),
		},
		path: applies('path', of) ? readPath(read.text('path')) : '',
		format,
		framesPerBuffer,
		// There is nothing before it.
		preRollMs: fromStart ? 0 : preRollMs,
		fromStart,
		maxMs: number('maxMs'),
		startTimeoutMs: number('startTimeoutMs'),
		// An utterance without an end would be the only one.
		silenceStopMs: number('silenceStopMs') || (handsFree ? HANDS_FREE.silenceStopMs : 0),
		silenceThresholdDb: number('silenceThresholdDb'),
		trigger,
		muteWhilePlaying: flag('muteWhilePlaying'),
		autostart: flag('autostart'),
		recordMaxMs: number('recordMaxMs'),
	};
}

function readPath(text: string): string {
	const path = pagePath(text);
	if (path !== undefined) return path;
	throw new VoiceError(
		'MIC_FORMAT',
		`The setting "path" is "${text.slice(0, 60)}"`,
		'use one such as /voice or /kitchen/microphone: letters, digits, "-", "_", "." and "~"',
	);
}

/** How many times faster than real time files play: for tests of long recordings, so not a node setting. */
function filePace(): number {
	const pace = Number(process.env['VOICE_FILE_PACE'] ?? 1);
	return pace > 0 && Number.isFinite(pace) ? pace : 1;
}
