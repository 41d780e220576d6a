import { type Credentials, type FlowNode, sink } from '../lab/node-red.ts';
import type { Wiring } from './books.ts';

export const RATE = 16_000;
export const PAGE = '/soak';

/** Addresses of the loopback recognisers, and the folder of a toy model. */
export interface Recognisers {
	readonly assemblyai: string;
	readonly yandex: string;
	readonly model?: string;
}

export const CREDENTIALS: Credentials = {
	'assemblyai-account': { apiKey: 'lab-api-key' },
	'yandex-account': { apiKey: 'lab-api-key' },
};

/** stt-stream nodes as users leave them, and their accounts. */
function recognisers({ assemblyai, yandex, model }: Recognisers): FlowNode[] {
	const stream = (id: string, provider: string) => ({
		id,
		type: 'stt-stream',
		provider,
		wires: [['out'], ['out'], ['out', ...(id === 'stt-local' ? [] : ['mic-page'])]],
	});
	return [
		stream('stt-assemblyai', 'assemblyai-account'),
		stream('stt-yandex', 'yandex-account'),
		...(model ? [stream('stt-local', 'local-account')] : []),
		{ id: 'assemblyai-account', type: 'stt-provider', provider: 'assemblyai', endpoint: assemblyai },
		{
			id: 'yandex-account',
			type: 'stt-provider',
			provider: 'yandex',
			endpoint: yandex,
			options: '{"folderId":"lab-folder"}',
		},
		...(model
			? [
					{
						id: 'local-account',
						type: 'stt-provider',
						provider: 'local',
						model,
						options: '{"engine":"sherpa-onnx"}',
					},
				]
			: []),
	];
}

const STTS = ['stt-assemblyai', 'stt-yandex', 'stt-local'];

/** Of the real hour. */
export const HOUR: Wiring = {
	microphones: ['mic-open', 'mic-hold', 'mic-hall', 'mic-page'],
	sampleRate: RATE,
	traced: ['stt-assemblyai', 'stt-yandex'],
	told: ['stt-local'],
	players: ['play-open', 'play-hold', 'play-hall'],
};

/**
 * A hallway: a microphone that is never closed, two that somebody speaks into now and then, a browser tab, three
 * recognisers that hear all of them, and loudspeakers that say it again.
 */
export function hourFlow(parts: Recognisers): FlowNode[] {
	const mic = (id: string, settings: object, audio: string[] = [], recording: string[] = []) => ({
		id,
		type: 'mic-capture',
		sampleRate: RATE,
		wires: [[...STTS, ...audio, 'out'], recording],
		...settings,
	});
	const play = (id: string, backend: string) => ({
		id,
		type: 'audio-play',
		backend,
		device: 'vspk',
		wires: [['out']],
	});
	return [
		{ id: 'button', type: 'button-trigger', backend: 'simulated', wires: [['mic-hold', 'out'], ['out']] },
		mic('mic-open', { source: 'portaudio', device: 'vmic' }, ['play-open']),
		mic('mic-hold', { source: 'alsa', device: 'vmic' }, [], ['play-hold']),
		mic('mic-hall', { source: 'portaudio', device: 'vmic' }, [], ['play-hall']),
		mic('mic-page', { source: 'browser', path: PAGE }),
		...recognisers(parts),
		play('play-open', 'portaudio'),
		play('play-hold', 'alsa'),
		play('play-hall', 'portaudio'),
		sink('out'),
	];
}

/** Numbers in the recording that is played all day. */
export const DAY_NUMBERS = 17_280;

/** Of the compressed day. */
export const DAY: Wiring = {
	microphones: ['mic-open'],
	sampleRate: RATE,
	numbers: DAY_NUMBERS,
	traced: ['stt-assemblyai', 'stt-yandex'],
	told: [],
	players: ['play-open'],
};

/** A microphone that plays a recording for ever, and two recognisers and a player that get all of it. */
export function dayFlow(parts: Recognisers, { said, played }: { said: string; played: string }): FlowNode[] {
	return [
		{
			id: 'mic-open',
			type: 'mic-capture',
			source: 'file',
			file: said,
			loop: true,
			sampleRate: RATE,
			framesPerBuffer: 3200,
			wires: [['stt-assemblyai', 'stt-yandex', 'play-open'], []],
		},
		...recognisers(parts).map((node) =>
			'wires' in node ? { ...node, wires: [['out'], ['out'], ['out']] } : node,
		),
		{ id: 'play-open', type: 'audio-play', backend: 'file', file: played, wires: [['out']] },
		sink('out'),
	];
}
