import type { Playback } from '../../../nodes/audio-play/item.ts';
import type { FlowNode, Message } from '../../lab/node-red.ts';

export const MONO = { sampleRate: 16_000, channels: 1 };
/** A chunk of a stream, as a microphone sends it. */
export const chunk = (id: string, index: number, pcm: Buffer, last = false): Message => ({
	payload: pcm,
	audio: { ...MONO, encoding: 'pcm_s16le' },
	parts: { id, index, type: 'buffer', ch: '', ...(last && { count: index + 1 }) },
	topic: 'talk',
	...(last && { complete: true }),
});
export const played = (message: Message) => message['playback'] as Playback;
/** An audio-play node that plays into `<id>.wav` in Node-RED's user folder, and is wired to a node `sink`. */
export const filePlayer = (id: string, settings: object): FlowNode => ({
	id,
	type: 'audio-play',
	z: 'tab',
	backend: 'file',
	file: `${id}.wav`,
	...settings,
	wires: [['sink']],
});
