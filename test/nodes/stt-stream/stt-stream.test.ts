import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encodeWav } from '../../../lib/audio/wav.ts';
import { needs } from '../../lab/needs.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';
import { PHRASES, speak, wordErrorRate } from '../../lab/speech.ts';
import { SAFETY_MS } from './helpers.ts';

// The node in a real Node-RED, with real PocketSphinx.

const options = { timeout: 2 * SAFETY_MS };
const [FINALS, PARTIALS, EVENTS] = [0, 1, 2];
const LIGHT = PHRASES[1] ?? '';
const WINDOW = PHRASES[3] ?? '';

interface Session {
	stream: string;
	text?: string;
	code?: string;
	audioMs: number;
}

interface TranscriptLike {
	kind: string;
	text: string;
	turn: number;
	stream: string;
	provider: string;
	language?: string;
}

const provider = (id: string, settings: Record<string, unknown> = {}): FlowNode => ({
	id,
	type: 'stt-provider',
	provider: 'local',
	options: '',
	...settings,
});

/** An stt-stream whose outputs all lead somewhere. */
const stt = (id: string, settings: Record<string, unknown> = {}): FlowNode[] => [
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
function chunks(
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
function spread(mono: Buffer, channels: number): Buffer {
	const pcm = Buffer.alloc(mono.length * channels);
	for (let at = 0; at < mono.length; at += 2)
		for (let channel = 0; channel < channels; channel++)
			mono.copy(pcm, at * channels + channel * 2, at, at + 2);
	return pcm;
}

describe('stt-stream in Node-RED', {
	skip: needs('python3-pocketsphinx', 'pocketsphinx', 'flite', 'sox'),
}, () => {
	let nodeRed: LabNodeRed;
	const flow: FlowNode[] = [
		provider('sphinx'),
		provider('cli', { options: '{"program":"pocketsphinx_continuous"}' }),
		// biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's syntax for the environment
		provider('env', { provider: '${STT_PROVIDER}', options: '${STT_OPTIONS}' }),
		provider('wrong', { options: '{"grammer":"x"}' }),
		provider('garbled', { options: '{"grammar"' }),
		provider('other', { provider: 'acme' }),
		...stt('stt', { language: 'en-US' }),
		...stt('finals', { partials: false }),
		...stt('single', { maxStreams: '1' }),
		...stt('idle', { streamIdleMs: 300 }),
		...stt('raw', { rawSampleRate: 8000, rawChannels: 2, streamIdleMs: 300 }),
		...stt('cli-stt', { provider: 'cli' }),
		...stt('env-stt', { provider: 'env' }),
		...stt('none', { provider: '' }),
		...stt('gone', { provider: 'deleted' }),
		...stt('wrong-stt', { provider: 'wrong' }),
		...stt('garbled-stt', { provider: 'garbled' }),
		...stt('other-stt', { provider: 'other' }),
		...stt('bad', { maxStreams: 'many' }),
	];

	before(async () => {
		nodeRed = await startNodeRed({
			flow,
			env: { STT_PROVIDER: 'local', STT_OPTIONS: '{"endSilenceMs":2000}' },
		});
	});
	after(() => nodeRed?.stop());

	async function send(node: string, messages: readonly Message[]): Promise<void> {
		for (const message of messages) await nodeRed.send(node, message);
	}

	const sessionOf = (message: Message | undefined) => message?.['session'] as Session;
	const transcriptOf = (message: Message | undefined) => message?.['transcript'] as TranscriptLike;

	async function closed(node: string, stream: string): Promise<Session> {
		const is = (message: Message) => message['payload'] === 'closed' && sessionOf(message).stream === stream;
		return sessionOf(await nodeRed.waitFor(node, is, { port: EVENTS, timeoutMs: SAFETY_MS }));
	}

	/** The streams for which the node said 'closed', in order. */
	const closings = (node: string) =>
		nodeRed
			.messages(node, EVENTS)
			.filter((message) => message['payload'] === 'closed')
			.map((message) => sessionOf(message).stream);

	const understood = (session: Session, said: string) => {
		assert.equal(session.code, undefined);
		assert.ok(wordErrorRate(said, session.text ?? '') <= 0.25, `"${session.text}" for "${said}"`);
	};

	it('registers both types', async () => {
		const set = (await nodeRed.installed()).find(({ types }) => types.includes('stt-stream'));
		assert.equal(set?.err, undefined);
		assert.deepEqual(set?.types.toSorted(), ['stt-provider', 'stt-stream']);
	});

	it(
		'sends finals, partials and events to their outputs, once for each utterance and stream',
		options,
		async () => {
			const pcm = Buffer.concat([await speak(LIGHT, { tail: 1500 }), await speak(WINDOW)]);
			await send('stt', chunks(pcm, 'a'));
			const session = await closed('stt', 'a');
			assert.equal(session.code, undefined);

			const finals = nodeRed.messages('stt', FINALS);
			assert.equal(finals.length, 2);
			for (const [turn, message] of finals.entries()) {
				const transcript = transcriptOf(message);
				assert.equal(message['payload'], transcript.text);
				assert.equal(message['topic'], 'mic');
				assert.ok(!('parts' in message) && !('complete' in message) && !('audio' in message));
				const { kind, stream, provider: by, language } = transcript;
				assert.deepEqual(
					{ kind, turn: transcript.turn, stream, by, language },
					{
						kind: 'final',
						turn,
						stream: 'a',
						by: 'local',
						language: 'en-US',
					},
				);
			}
			assert.equal(session.text, finals.map((message) => message['payload']).join(' '));

			const partials = nodeRed.messages('stt', PARTIALS).map(transcriptOf);
			assert.ok(partials.length >= 2);
			assert.ok(partials.every(({ kind, stream }) => kind === 'partial' && stream === 'a'));
			assert.deepEqual([...new Set(partials.map(({ turn }) => turn))], [0, 1]);

			const events = nodeRed.messages('stt', EVENTS).map((message) => message['payload']);
			assert.equal(events[0], 'open');
			assert.deepEqual(events.filter((name) => name === 'speech-started').length, 2);
			assert.deepEqual(events.filter((name) => name === 'end-of-utterance').length, 2);
			assert.deepEqual(closings('stt'), ['a']);
			assert.equal(session.audioMs, Math.round(pcm.length / 32));

			const looks = nodeRed.statuses('stt').map(({ fill, shape, text }) => `${fill} ${shape} ${text}`);
			assert.deepEqual(
				[...new Set(looks)],
				['grey ring idle', 'yellow ring connecting', 'green dot listening'],
			);
			await nodeRed.waitForStatus('stt', ({ text }) => text === 'idle', { after: looks.length - 1 });
		},
	);

	it('sends no partials where they are switched off', options, async () => {
		await send('finals', chunks(await speak(WINDOW), 'quiet'));
		understood(await closed('finals', 'quiet'), WINDOW);
		assert.equal(nodeRed.messages('finals', PARTIALS).length, 0);
	});

	it('takes WAV files, other rates, several channels, and raw Buffers', options, async () => {
		const stereo = spread(await speak(LIGHT, { rate: 44_100 }), 2);
		await send('finals', [
			{
				payload: encodeWav([stereo], { sampleRate: 44_100, channels: 2 }),
				parts: { id: 'wav' },
				complete: true,
			},
		]);
		understood(await closed('finals', 'wav'), LIGHT);

		const narrow = spread(await speak(WINDOW, { rate: 8000 }), 2);
		await send('finals', chunks(narrow, 'narrow', { sampleRate: 8000, channels: 2 }));
		// The last piece is filled up to the 20 ms that the engine takes.
		const { audioMs } = await closed('finals', 'narrow');
		assert.ok(Math.abs(audioMs - narrow.length / 32) <= 20, `${audioMs}`);

		await send('finals', [
			{
				payload: await speak(WINDOW, { rate: 48_000 }),
				rate: 48_000,
				channels: 1,
				bits: 16,
				complete: true,
				topic: 'sox',
			},
		]);
		understood(await closed('finals', 'topic:sox'), WINDOW);

		// Any cut, also inside a sample.
		for (let at = 0; at < narrow.length; at += 3333)
			await nodeRed.send('raw', { payload: narrow.subarray(at, at + 3333), topic: 'tcp' });
		const raw = await closed('raw', 'topic:tcp');
		assert.ok(Math.abs(raw.audioMs - narrow.length / 32) <= 20, `${raw.audioMs}`);
	});

	it('keeps streams apart that arrive together', options, async () => {
		const [one, two] = [
			chunks(await speak(LIGHT), 'one'),
			chunks(await speak(WINDOW), 'two', { topic: 'hall' }),
		];
		for (let index = 0; index < Math.max(one.length, two.length); index++)
			await send(
				'finals',
				[one[index], two[index]].filter((message) => message !== undefined),
			);
		understood(await closed('finals', 'one'), LIGHT);
		understood(await closed('finals', 'two'), WINDOW);
		const topics = nodeRed
			.messages('finals', FINALS)
			.filter((message) => transcriptOf(message).stream === 'two')
			.map((message) => message['topic']);
		assert.deepEqual([...new Set(topics)], ['hall']);
	});

	it(
		'takes no more streams than allowed; the others get their end, and later ones work',
		options,
		async () => {
			const [first, ...rest] = chunks(await speak(WINDOW), 'first');
			await send('single', [first ?? {}]);
			await send('single', chunks(await speak(LIGHT), 'too-many'));
			assert.equal((await closed('single', 'too-many')).code, 'STT_QUOTA');
			const { code } = await nodeRed.waitForError('single');
			assert.equal(code, 'STT_QUOTA');
			await send('single', rest);
			understood(await closed('single', 'first'), WINDOW);
			await send('single', chunks(await speak(LIGHT), 'third'));
			understood(await closed('single', 'third'), LIGHT);
			assert.deepEqual(closings('single'), ['too-many', 'first', 'third']);
		},
	);

	it('abandons a stream on reset, and begins none with what still comes of it', options, async () => {
		const all = chunks(await speak(LIGHT), 'dropped');
		await send('finals', all.slice(0, 10));
		await send('finals', [{ reset: true, parts: { id: 'dropped' }, topic: 'mic' }]);
		const { code } = await closed('finals', 'dropped');
		assert.equal(code, undefined);
		await send('finals', all.slice(10));
		await send('finals', chunks(await speak(WINDOW), 'after-reset'));
		understood(await closed('finals', 'after-reset'), WINDOW);
		assert.equal(closings('finals').filter((stream) => stream === 'dropped').length, 1);
		await nodeRed.waitForNoChildren();
	});

	it('ends a stream that falls silent', options, async () => {
		await send('idle', chunks(await speak(WINDOW), 'unfinished').slice(0, -1));
		understood(await closed('idle', 'unfinished'), WINDOW);
	});

	it('reports what is no audio, and goes on', options, async () => {
		const count = nodeRed.errors('finals').length;
		const bad: Message[] = [
			{ payload: 'start' },
			{ payload: { temperature: 21 } },
			{ payload: Buffer.from('OggS and so on, and so on') },
			{ payload: Buffer.alloc(100) },
			{ payload: encodeWav([Buffer.alloc(10)], { sampleRate: 16_000, channels: 1 }).subarray(0, 20) },
			{ payload: Buffer.alloc(100), audio: { sampleRate: -1 } },
			{ payload: 'text', transcript: { text: 'text' } },
		];
		await send('finals', bad);
		await nodeRed.waitForError('finals', () => nodeRed.errors('finals').length === count + bad.length);
		for (const { code, message } of nodeRed.errors('finals').slice(count)) {
			assert.equal(code, 'AUDIO_FORMAT');
			assert.match(String(message), /: .+/);
		}
		await nodeRed.waitForStatus('finals', ({ fill, text }) => fill === 'red' && text === 'audio not usable');
		await send('finals', chunks(await speak(WINDOW), 'after-errors'));
		understood(await closed('finals', 'after-errors'), WINDOW);
	});

	it(
		'tells Catch nodes when the engine is killed in a word, and recognises the next stream',
		options,
		async () => {
			const all = chunks(await speak(LIGHT), 'killed');
			await send('stt', all.slice(0, 12));
			await nodeRed.waitFor('stt', (message) => transcriptOf(message)?.stream === 'killed', {
				port: PARTIALS,
			});
			const engine = nodeRed
				.children()
				.find(({ command }) => /python3 .*sidecar/.test(command) && !/^\/bin\/sh/.test(command));
			assert.ok(engine);
			process.kill(engine.pid, 'SIGKILL');
			const session = await closed('stt', 'killed');
			assert.equal(session.code, 'STT_ENGINE');
			const error = await nodeRed.waitForError('stt');
			assert.equal(error.code, 'STT_ENGINE');
			assert.equal((error.msg as { parts?: { id?: string } }).parts?.id, 'killed');
			assert.equal((error.msg as { payload?: unknown }).payload, undefined);
			await nodeRed.waitForStatus('stt', ({ fill, text }) => fill === 'red' && text === 'engine failed');
			// What still comes is not a stream of its own.
			await send('stt', all.slice(12));
			await send('stt', chunks(await speak(WINDOW), 'after-kill'));
			understood(await closed('stt', 'after-kill'), WINDOW);
			assert.equal(closings('stt').filter((stream) => stream === 'killed').length, 1);
		},
	);

	it('says where there are no partials', options, async () => {
		await nodeRed.waitForStatus(
			'cli-stt',
			({ fill, text }) => fill === 'grey' && text === 'idle, no partials',
		);
		await send('cli-stt', chunks(await speak(WINDOW), 'cli'));
		understood(await closed('cli-stt', 'cli'), WINDOW);
		assert.ok(
			nodeRed.statuses('cli-stt').some(({ fill, text }) => fill === 'green' && text === 'on, no partials'),
		);
		assert.equal(nodeRed.messages('cli-stt', PARTIALS).length, 0);
	});

	it('takes settings from the environment', options, async () => {
		const pcm = Buffer.concat([await speak(LIGHT, { tail: 900 }), await speak(WINDOW, { lead: 0 })]);
		await send('env-stt', chunks(pcm, 'env'));
		assert.equal((await closed('env-stt', 'env')).code, undefined);
		assert.equal(nodeRed.messages('env-stt', FINALS).length, 1);
	});

	for (const [node, what] of [
		['none', /no speech provider.*choose or add/],
		['gone', /no speech provider.*choose or add/],
		['wrong-stt', /no option "grammer"/],
		['garbled-stt', /"options".*JSON object/],
		['other-stt', /no speech provider "acme".*local/],
		['bad', /"maxStreams" is "many"/],
	] as const)
		it(`reports at deploy, and for every stream, settings that cannot work: ${node}`, options, async () => {
			const { code, message } = await nodeRed.waitForError(node);
			assert.equal(code, 'STT_CONFIG');
			assert.match(String(message), what);
			await nodeRed.waitForStatus(node, ({ fill, text }) => fill === 'red' && text === 'check the settings');
			for (const id of ['x', 'y']) {
				await send(node, chunks(noise(4000), id));
				const session = await closed(node, id);
				assert.deepEqual([session.code, session.text], ['STT_CONFIG', '']);
			}
			assert.deepEqual(closings(node), ['x', 'y']);
			assert.equal(nodeRed.errors(node).length, 3);
		});

	it(
		'ends its streams on a redeploy, where the receivers live on, and leaves no process',
		options,
		async () => {
			await send('stt', chunks(await speak(LIGHT), 'redeployed').slice(0, 12));
			await send('cli-stt', chunks(await speak(LIGHT), 'redeployed').slice(0, 12));
			await nodeRed.waitFor('stt', (message) => sessionOf(message).stream === 'redeployed', { port: EVENTS });
			await nodeRed.waitFor('cli-stt', (message) => sessionOf(message).stream === 'redeployed', {
				port: EVENTS,
			});
			const changed = flow.map((node) =>
				['stt', 'cli-stt'].includes(node.id) ? { ...node, language: 'en' } : node,
			);
			await nodeRed.setFlows(changed, { type: 'nodes' });
			assert.equal((await closed('stt', 'redeployed')).code, undefined);
			assert.equal((await closed('cli-stt', 'redeployed')).code, undefined);
			await nodeRed.waitForNoChildren();
			await send('stt', chunks(await speak(WINDOW), 'after-deploy'));
			understood(await closed('stt', 'after-deploy'), WINDOW);
		},
	);

	it('leaves no process when Node-RED is killed', options, async () => {
		await send('stt', chunks(await speak(LIGHT), 'orphan').slice(0, 12));
		await send('cli-stt', chunks(await speak(LIGHT), 'orphan').slice(0, 12));
		await nodeRed.waitFor('stt', (message) => sessionOf(message).stream === 'orphan', { port: EVENTS });
		await nodeRed.waitFor('cli-stt', (message) => sessionOf(message).stream === 'orphan', { port: EVENTS });
		assert.ok(nodeRed.children().length >= 2);
		await nodeRed.kill('SIGKILL');
		await nodeRed.waitForNoChildren();
	});
});
