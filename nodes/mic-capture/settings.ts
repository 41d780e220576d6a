import { msToBytes, type PcmFormat } from '../../lib/audio/format.ts';
import { pagePath } from '../../lib/browser/path.ts';
import { VoiceError } from '../../lib/node/errors.ts';
import { SettingsReader } from '../../lib/node/settings.ts';
import { SOURCE_NAMES, type SourceName, type SourceOptions } from './sources/source.ts';

/** PortAudio's children watch their devices themselves; this is for the others. */
const STALL_MS = 5000;
const PRE_ROLL_BYTES = 64_000_000;
const DAY_MS = 86_400_000;

/** With the trigger `speech`, where nothing else is set. */
const HANDS_FREE = { preRollMs: 300, silenceStopMs: 800 };

export interface MicSettings {
	source: SourceName;
	input: SourceOptions;
	/** Only for `browser`: where pages find it, below httpNodeRoot. */
	path: string;
	/** Of the stream that the node sends. */
	format: PcmFormat;
	framesPerBuffer: number;
	preRollMs: number;
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

/** Reads a node's configuration; throws MIC_FORMAT naming the setting that cannot be used. */
export function readSettings(config: object): MicSettings {
	const read = new SettingsReader(config, 'MIC_FORMAT');
	const source = read.choice('source', SOURCE_NAMES, 'auto');
	// In a page it is its user who begins, whatever was chosen for another source.
	const device = source !== 'browser';
	const trigger = device ? read.choice('trigger', ['control', 'speech'], 'control') : 'control';
	const handsFree = trigger === 'speech';
	const format = {
		sampleRate: read.number('sampleRate', 16_000, { min: 1000, max: 384_000, integer: true }),
		channels: read.number('channels', 1, { min: 1, max: 32, integer: true }),
	};
	const ms = (name: string, fallback: number, max = DAY_MS) => read.number(name, fallback, { max });
	const framesPerBuffer = read.number('framesPerBuffer', 1024, { min: 1, max: 1_048_576, integer: true });
	const loop = read.flag('loop', false);
	const preRollMs = device ? ms('preRollMs', handsFree ? HANDS_FREE.preRollMs : 0, 60_000) : 0;
	if (msToBytes(preRollMs, format) > PRE_ROLL_BYTES)
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
		path: device ? '' : readPath(read.text('path')),
		format,
		framesPerBuffer,
		// What is played once begins with the start: there is nothing before it.
		preRollMs: source === 'file' && !loop && !handsFree ? 0 : preRollMs,
		maxMs: ms('maxMs', 0),
		startTimeoutMs: ms('startTimeoutMs', 0),
		// An utterance without an end would be the only one.
		silenceStopMs: ms('silenceStopMs', 0) || (handsFree ? HANDS_FREE.silenceStopMs : 0),
		silenceThresholdDb: read.number('silenceThresholdDb', -45, { min: -120, max: 0 }),
		trigger,
		muteWhilePlaying: device && read.flag('muteWhilePlaying', false),
		autostart: device && read.flag('autostart', false),
		recordMaxMs: ms('recordMaxMs', 300_000),
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
