// What the figures are, for whoever reads the JSON. A name that ends with its unit says it itself.

export const BY_ENDING = {
	Ms: 'milliseconds',
	Mb: 'megabytes of resident memory',
	Db: 'decibels',
	Seconds: 'seconds',
	Minutes: 'minutes',
	Percent: 'percent',
	PerSecond: 'for each second of audio',
} as const;

const COMPARISON = {
	frame: 'samples, at a rate',
	cpu: 'seconds of processor time for each minute of audio',
	lost: 'samples',
};

/** By the first part of a name, of each bench. */
export const UNITS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	'frame-sizes': { frames: 'samples in a chunk' },
	'local-engine': {
		realTimeFactor: 'seconds of work for each second of audio',
		ratio: 'child / bare',
	},
	'event-loop': { seconds: 'of audio in a run', words: 'understood in a run' },
	streams: {
		streams: 'the most that were carried, of those tried',
		tried: 'numbers of streams, and what was wrong',
		cpu: 'processors; perStreamMs: milliseconds of Node-RED for each second of a stream',
		samples: 'samples',
		misplacedFrames: 'frames',
		disturbed: 'streams that lost their connection or failed',
	},
	T1: COMPARISON,
	T2: COMPARISON,
	T3: COMPARISON,
	peers: COMPARISON,
	path: { samples: 'how often it was measured' },
	audio: {
		edge01: 'share of the lower Nyquist frequency up to which the level falls by no more than 0.1 dB',
		edge3: 'the same for 3 dB',
		speed: 'seconds of audio for each second of processor time',
	},
	'audio-hour': { speed: 'seconds of audio for each second', rssMb: 'after 10, 50 and 100 % of the audio' },
};
