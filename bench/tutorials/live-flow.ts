import type { FlowNode } from '../../test/lab/node-red.ts';
import { sink } from '../../test/lab/node-red.ts';
import { boolean, inject } from './contestants.ts';

export interface LiveFlow {
	/** Hz, and frames in a chunk. */
	readonly rate: number;
	readonly frames: number;
	/** Of the node stt-provider; credentials among them. */
	readonly provider: Readonly<Record<string, unknown>>;
	/** Of the node stt-stream. */
	readonly recognition?: Readonly<Record<string, unknown>>;
	/** Recognisers on the one microphone. */
	readonly streams: number;
	readonly preRollMs: number;
	/** 0: until it is stopped. */
	readonly maxMs?: number;
	/** Where the recording is written, too. */
	readonly wav?: string;
}

/** Our nodes, as in the example flows: a microphone, and text. */
export function liveFlow(live: LiveFlow): FlowNode[] {
	const { rate, frames, provider, recognition, streams, preRollMs, maxMs = 0, wav } = live;
	const ids = Array.from({ length: streams }, (_, index) => `stt${index}`);
	return [
		inject('start', [boolean(true)], ['mic']),
		inject('stop', [boolean(false)], ['mic']),
		{
			...{ id: 'mic', type: 'mic-capture', z: 'tab', source: 'auto', device: 'vmic' },
			...{ sampleRate: rate, channels: 1, framesPerBuffer: frames, preRollMs, maxMs, recordMaxMs: 300_000 },
			wires: [streams ? ids : ['out'], wav ? ['save'] : []],
		},
		...ids.map((id) => ({
			...{ id, type: 'stt-stream', z: 'tab', provider: 'cloud', maxStreams: 8, ...recognition },
			wires: [['out'], ['out'], ['out']],
		})),
		...(streams ? [{ id: 'cloud', type: 'stt-provider', ...provider }] : []),
		...(wav ? [saveNode(wav)] : []),
		sink('out', 'tab'),
	];
}

function saveNode(filename: string): FlowNode {
	return {
		...{ id: 'save', type: 'file', z: 'tab', filename, filenameType: 'str' },
		...{ appendNewline: false, createDir: false, overwriteFile: 'true', encoding: 'none' },
		wires: [['out']],
	};
}
