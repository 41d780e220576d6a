import assert from 'node:assert/strict';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { PHRASES, wordErrorRate } from '../../lab/speech.ts';
import { SAFETY_MS } from './helpers.ts';

export const [FINALS, PARTIALS, EVENTS] = [0, 1, 2];
export const LIGHT = PHRASES[1] ?? '';
export const WINDOW = PHRASES[3] ?? '';

export interface SessionLike {
	stream: string;
	provider: string;
	text?: string;
	code?: string;
	audioMs: number;
	reconnects: number;
	droppedMs: number;
}

export interface TranscriptLike {
	kind: string;
	text: string;
	turn: number;
	stream: string;
	provider: string;
	language?: string;
}

export const provider = (id: string, settings: Record<string, unknown> = {}): FlowNode => ({
	id,
	type: 'stt-provider',
	provider: 'local',
	options: '',
	...settings,
});

/** An stt-stream whose outputs all lead somewhere. */
export const stt = (id: string, settings: Record<string, unknown> = {}): FlowNode[] => [
	{
		id,
		type: 'stt-stream',
		provider: 'sphinx',
		wires: [[`${id}-out`], [`${id}-out`], [`${id}-out`]],
		...settings,
	},
	sink(`${id}-out`),
];

/** The messages of a stream in chunks of 64 ms. */
export function chunks(
	pcm: Buffer,
	id: string,
	{ sampleRate = 16_000, channels = 1, topic = 'mic' } = {},
): (Message & { payload: Buffer })[] {
	const size = Math.round(sampleRate * 0.064) * 2 * channels;
	const count = Math.ceil(pcm.length / size);
	return Array.from({ length: count }, (_, index) => ({
		payload: pcm.subarray(index * size, (index + 1) * size),
		audio: { sampleRate, channels, encoding: 'pcm_s16le' },
		parts: { id, index, type: 'buffer', ch: '', ...(index === count - 1 && { count }) },
		topic: index ? 'later' : topic,
		...(index === count - 1 && { complete: true }),
	}));
}

/** Mono to any number of equal channels. */
export function spread(mono: Buffer, channels: number): Buffer {
	const pcm = Buffer.alloc(mono.length * channels);
	for (let at = 0; at < mono.length; at += 2)
		for (let channel = 0; channel < channels; channel++)
			mono.copy(pcm, at * channels + channel * 2, at, at + 2);
	return pcm;
}

export const sessionOf = (message: Message | undefined) => message?.['session'] as SessionLike;
export const transcriptOf = (message: Message | undefined) => message?.['transcript'] as TranscriptLike;

/** The session ended well, with about these words. */
export function understood(session: SessionLike, said: string): void {
	assert.equal(session.code, undefined);
	assert.ok(wordErrorRate(said, session.text ?? '') <= 0.25, `"${session.text}" for "${said}"`);
}

/** A Node-RED with stt-stream nodes. */
export class SpeechFlow {
	readonly nodeRed: LabNodeRed;

	constructor(nodeRed: LabNodeRed) {
		this.nodeRed = nodeRed;
	}

	static async start(flow: readonly FlowNode[], env: Record<string, string> = {}): Promise<SpeechFlow> {
		return new SpeechFlow(await startNodeRed({ flow, env }));
	}

	async send(node: string, messages: readonly Message[]): Promise<void> {
		for (const message of messages) await this.nodeRed.send(node, message);
	}

	/** The details of the stream's 'closed'. */
	async closed(node: string, stream: string): Promise<SessionLike> {
		const is = (message: Message) => message['payload'] === 'closed' && sessionOf(message).stream === stream;
		return sessionOf(await this.nodeRed.waitFor(node, is, { port: EVENTS, timeoutMs: SAFETY_MS }));
	}

	/** The streams for which the node said 'closed', in order. */
	closings(node: string): string[] {
		return this.nodeRed
			.messages(node, EVENTS)
			.filter((message) => message['payload'] === 'closed')
			.map((message) => sessionOf(message).stream);
	}
}
