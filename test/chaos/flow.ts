import { type Credentials, type FlowNode, sink } from '../lab/node-red.ts';
import { RATE } from './speech.ts';

/** The stt-stream nodes, each with the microphones that are wired to it. */
export const RECOGNISERS = {
	'stt-assemblyai': ['mic-card', 'mic-file', 'mic-page'],
	'stt-yandex': ['mic-card', 'mic-file', 'mic-page'],
	'stt-local': ['mic-card', 'mic-file'],
} as const;
export type RecogniserName = keyof typeof RECOGNISERS;
export const RECOGNISER_NAMES = Object.keys(RECOGNISERS) as RecogniserName[];

export const MICROPHONES = ['mic-card', 'mic-file', 'mic-page'] as const;
export type MicName = (typeof MICROPHONES)[number];

/** Where the recordings of a microphone are played. */
export const PLAYERS: Readonly<Record<MicName, 'play-card' | 'play-file'>> = {
	'mic-card': 'play-card',
	'mic-file': 'play-file',
	'mic-page': 'play-file',
};

export const PAGE = '/chaos';
export const [FINALS, PARTIALS, EVENTS] = [0, 1, 2];

export interface FlowParts {
	/** Addresses of the loopback recognisers. */
	readonly assemblyai: string;
	readonly yandex: string;
	/** Folder of a toy model. */
	readonly model: string;
	/** What mic-file plays, and what play-file writes. */
	readonly said: string;
	readonly played: string;
	/** How sound cards are used. */
	readonly backend: 'portaudio' | 'alsa';
	/** The button's line, as its BCM number; undefined: it is simulated. */
	readonly pin: string | undefined;
}

/** Nobody waits long: the run is to meet as many failures as it can in a minute. */
const STT = {
	type: 'stt-stream',
	maxStreams: 10,
	connectTimeoutMs: 2000,
	finalTimeoutMs: 4000,
	reconnectMs: 4000,
	maxBufferMs: 500,
	streamIdleMs: 5000,
};

/**
 * Button, three microphones, three recognisers and two players, all wired to one another.
 * @param names of nodes, that a deployment is to find changed
 */
export function chaosFlow(parts: FlowParts, names: Readonly<Record<string, string>> = {}): FlowNode[] {
	const stts = (mic: MicName) =>
		RECOGNISER_NAMES.filter((name) => (RECOGNISERS[name] as readonly string[]).includes(mic));
	const mic = (id: MicName, settings: object) => ({
		id,
		type: 'mic-capture',
		sampleRate: RATE,
		framesPerBuffer: 1024,
		wires: [[...stts(id), 'out'], [PLAYERS[id]]],
		...settings,
	});
	const outs = { wires: [['out'], ['out'], ['out', 'mic-page']] };
	const nodes: FlowNode[] = [
		{
			id: 'button',
			type: 'button-trigger',
			...(parts.pin === undefined ? { backend: 'simulated' } : { backend: 'onoff', pin: parts.pin }),
			active: 'low',
			pull: 'none',
			wires: [['mic-card', 'out'], ['out']],
		},
		mic('mic-card', { source: parts.backend, device: 'vmic' }),
		mic('mic-file', { source: 'file', file: parts.said }),
		mic('mic-page', { source: 'browser', path: PAGE }),
		{ id: 'stt-assemblyai', provider: 'assemblyai-account', ...STT, ...outs },
		{ id: 'stt-yandex', provider: 'yandex-account', ...STT, ...outs },
		{ id: 'stt-local', provider: 'local-account', ...STT, wires: [['out'], ['out'], ['out']] },
		{ id: 'assemblyai-account', type: 'stt-provider', provider: 'assemblyai', endpoint: parts.assemblyai },
		{
			id: 'yandex-account',
			type: 'stt-provider',
			provider: 'yandex',
			endpoint: parts.yandex,
			options: '{"folderId":"lab-folder"}',
		},
		{
			id: 'local-account',
			type: 'stt-provider',
			provider: 'local',
			model: parts.model,
			options: '{"engine":"sherpa-onnx","unloadAfterMs":1000}',
		},
		{
			id: 'play-card',
			type: 'audio-play',
			backend: parts.backend,
			device: 'vspk',
			mode: 'interrupt',
			wires: [['out']],
		},
		{ id: 'play-file', type: 'audio-play', backend: 'file', file: parts.played, wires: [['out']] },
		sink('out'),
	];
	return nodes.map((node) => ({ ...node, name: names[node.id] ?? '' }));
}

export const CREDENTIALS: Credentials = {
	'assemblyai-account': { apiKey: 'lab-api-key' },
	'yandex-account': { apiKey: 'lab-api-key' },
};
