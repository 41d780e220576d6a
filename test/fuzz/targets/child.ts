import { VoiceError } from '../../../lib/node/errors.ts';
import { InputClient } from '../../../lib/portaudio/input-client.ts';
import { OutputClient } from '../../../lib/portaudio/output-client.ts';
import type { Child } from '../../../lib/portaudio/pool.ts';
import type { StreamPayload } from '../../../lib/portaudio/protocol.ts';
import { readChildMessage } from '../../../lib/process/forked.ts';
import { jsonMutator, revive } from '../mutate-json.ts';
import { rule, type Target, unless } from '../target.ts';

const pcm = { $: Buffer.alloc(32).toString('base64'), as: 'Buffer' };
const format = { sampleRate: 16_000, channels: 1 };
const SEEDS: readonly object[][] = [
	[
		{ reply: 1, value: { format, framesPerBuffer: 512, tainted: false } },
		{ event: 'data', payload: { stream: 1, pcm, droppedBytes: 0 } },
		{ event: 'failed', payload: { stream: 1, reason: 'gone' } },
	],
	[
		{ event: 'taken', payload: { stream: 1, bytes: 320 } },
		{ event: 'underrun', payload: { stream: 1 } },
		{ reply: 2, error: { code: 'MIC_STALLED', problem: 'x', remedy: 'y', retryable: true } },
	],
];

/** Messages from the process that owns an addon: into what reads them, then into both ends of PortAudio's protocol. */
export const target: Target = {
	covers: [
		'lib/process/forked.js',
		'lib/portaudio/input-client.js',
		'lib/portaudio/output-client.js',
		'lib/portaudio/stream-client.js',
	],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	mutate: jsonMutator({
		words: [
			'event',
			'payload',
			'reply',
			'value',
			'error',
			'stream',
			'pcm',
			'bytes',
			'data',
			'taken',
			'underrun',
			'failed',
		],
		values: [...SEEDS.flat(), pcm, 320, 640, -320],
		specials: true,
	}),
	async run(input) {
		let messages: unknown;
		try {
			messages = revive(JSON.parse(String(input)));
		} catch {
			return;
		}
		if (!Array.isArray(messages)) return;
		const lost: VoiceError[] = [];
		// What of the pool a stream needs; it is alive for ever.
		const child = {
			isOpening: true,
			attach() {},
			detach() {},
			notify() {},
			retire() {},
			request: () => Promise.resolve(),
		} as unknown as Child;
		const times = { stallMs: 1000, queueMs: 100 };
		const input_ = new InputClient(
			'mic',
			1,
			child,
			{
				data: (data) => rule(Buffer.isBuffer(data) && data.length % 2 === 0, 'no sound'),
				lost: (error) => void lost.push(error),
			},
			1000,
		);
		const handlers = { drain() {}, underrun() {}, lost: (error: VoiceError) => void lost.push(error) };
		const output = new OutputClient('speaker', 1, child, handlers, times);
		for (const client of [input_, output])
			client.opened({ format, framesPerBuffer: 512, tainted: false }, 1000);
		await new Promise((resolve) => setImmediate(resolve));
		for (const message of messages) {
			const read = readChildMessage(message);
			if (!read) continue;
			if ('reply' in read) {
				if (read.error) rule(VoiceError.from(read.error).message.length > 0, 'no words');
				continue;
			}
			unless([VoiceError], () => output.write(Buffer.alloc(640)));
			input_.receive(read.event, read.payload as StreamPayload);
			output.receive(read.event, read.payload as StreamPayload);
			rule(Number.isSafeInteger(input_.droppedBytes), `dropped ${input_.droppedBytes}`);
			rule(output.queuedBytes >= 0, `queued ${output.queuedBytes}`);
		}
		rule(lost.length <= 2, 'lost more than once');
		for (const error of lost)
			rule(!/Violation|: {4}at /.test(error.message) && !error.message.includes('no sound'), error.message);
		for (const client of [input_, output]) client.over();
	},
};
