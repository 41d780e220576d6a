import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encodeWav } from '../../../lib/audio/wav.ts';
import { needs } from '../../lab/needs.ts';
import type { FlowNode } from '../../lab/node-red.ts';
import { speak } from '../../lab/speech.ts';
import { SAFETY_MS } from './helpers.ts';
import {
	chunks,
	EVENTS,
	FINALS,
	LIGHT,
	PARTIALS,
	provider,
	SpeechFlow,
	spread,
	stt,
	transcriptOf,
	understood,
	WINDOW,
} from './speech-flow.ts';

// The node in a real Node-RED, with real PocketSphinx.

const options = { timeout: 2 * SAFETY_MS };

describe('stt-stream in Node-RED', {
	skip: needs('python3-pocketsphinx', 'pocketsphinx', 'flite', 'sox'),
}, () => {
	let speech: SpeechFlow;
	const flow: FlowNode[] = [
		provider('sphinx'),
		provider('cli', { options: '{"program":"pocketsphinx_continuous"}' }),
		// biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's syntax for the environment
		provider('env', { provider: '${STT_PROVIDER}', options: '${STT_OPTIONS}' }),
		...stt('stt', { language: 'en-US' }),
		...stt('finals', { partials: false }),
		...stt('idle', { streamIdleMs: 300 }),
		...stt('raw', { rawSampleRate: 8000, rawChannels: 2, streamIdleMs: 300 }),
		...stt('cli-stt', { provider: 'cli' }),
		...stt('env-stt', { provider: 'env' }),
	];

	before(async () => {
		speech = await SpeechFlow.start(flow, {
			STT_PROVIDER: 'local',
			STT_OPTIONS: '{"endSilenceMs":2000}',
		});
	});
	after(() => speech?.nodeRed.stop());

	it('registers both types', async () => {
		const set = (await speech.nodeRed.installed()).find(({ types }) => types.includes('stt-stream'));
		assert.equal(set?.err, undefined);
		assert.deepEqual(set?.types.toSorted(), ['stt-provider', 'stt-stream']);
	});

	it(
		'sends finals, partials and events to their outputs, once for each utterance and stream',
		options,
		async () => {
			const pcm = Buffer.concat([await speak(LIGHT, { tail: 1500 }), await speak(WINDOW)]);
			await speech.send('stt', chunks(pcm, 'a'));
			const session = await speech.closed('stt', 'a');
			assert.equal(session.code, undefined);

			const finals = speech.nodeRed.messages('stt', FINALS);
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

			const partials = speech.nodeRed.messages('stt', PARTIALS).map(transcriptOf);
			assert.ok(partials.length >= 2);
			assert.ok(partials.every(({ kind, stream }) => kind === 'partial' && stream === 'a'));
			assert.deepEqual([...new Set(partials.map(({ turn }) => turn))], [0, 1]);

			const events = speech.nodeRed.messages('stt', EVENTS).map((message) => message['payload']);
			assert.equal(events[0], 'open');
			assert.deepEqual(events.filter((name) => name === 'speech-started').length, 2);
			assert.deepEqual(events.filter((name) => name === 'end-of-utterance').length, 2);
			assert.deepEqual(speech.closings('stt'), ['a']);
			assert.equal(session.audioMs, Math.round(pcm.length / 32));

			const looks = speech.nodeRed.statuses('stt').map(({ fill, shape, text }) => `${fill} ${shape} ${text}`);
			assert.deepEqual(
				[...new Set(looks)],
				['grey ring idle', 'yellow ring connecting', 'green dot listening'],
			);
			await speech.nodeRed.waitForStatus('stt', ({ text }) => text === 'idle', { after: looks.length - 1 });
		},
	);

	it('sends no partials where they are switched off', options, async () => {
		await speech.send('finals', chunks(await speak(WINDOW), 'quiet'));
		understood(await speech.closed('finals', 'quiet'), WINDOW);
		assert.equal(speech.nodeRed.messages('finals', PARTIALS).length, 0);
	});

	it('takes WAV files, other rates, several channels, and raw Buffers', options, async () => {
		const stereo = spread(await speak(LIGHT, { rate: 44_100 }), 2);
		await speech.send('finals', [
			{
				payload: encodeWav([stereo], { sampleRate: 44_100, channels: 2 }),
				parts: { id: 'wav' },
				complete: true,
			},
		]);
		understood(await speech.closed('finals', 'wav'), LIGHT);

		const narrow = spread(await speak(WINDOW, { rate: 8000 }), 2);
		await speech.send('finals', chunks(narrow, 'narrow', { sampleRate: 8000, channels: 2 }));
		// The last piece is filled up to the 20 ms that the engine takes.
		const { audioMs } = await speech.closed('finals', 'narrow');
		assert.ok(Math.abs(audioMs - narrow.length / 32) <= 20, `${audioMs}`);

		await speech.send('finals', [
			{
				payload: await speak(WINDOW, { rate: 48_000 }),
				rate: 48_000,
				channels: 1,
				bits: 16,
				complete: true,
				topic: 'sox',
			},
		]);
		understood(await speech.closed('finals', 'topic:sox'), WINDOW);

		// Any cut, also inside a sample.
		for (let at = 0; at < narrow.length; at += 3333)
			await speech.nodeRed.send('raw', { payload: narrow.subarray(at, at + 3333), topic: 'tcp' });
		const raw = await speech.closed('raw', 'topic:tcp');
		assert.ok(Math.abs(raw.audioMs - narrow.length / 32) <= 20, `${raw.audioMs}`);
	});

	it('keeps streams apart that arrive together', options, async () => {
		const [one, two] = [
			chunks(await speak(LIGHT), 'one'),
			chunks(await speak(WINDOW), 'two', { topic: 'hall' }),
		];
		for (let index = 0; index < Math.max(one.length, two.length); index++)
			await speech.send(
				'finals',
				[one[index], two[index]].filter((message) => message !== undefined),
			);
		understood(await speech.closed('finals', 'one'), LIGHT);
		understood(await speech.closed('finals', 'two'), WINDOW);
		const topics = speech.nodeRed
			.messages('finals', FINALS)
			.filter((message) => transcriptOf(message).stream === 'two')
			.map((message) => message['topic']);
		assert.deepEqual([...new Set(topics)], ['hall']);
	});

	it('abandons a stream on reset, and begins none with what still comes of it', options, async () => {
		const all = chunks(await speak(LIGHT), 'dropped');
		await speech.send('finals', all.slice(0, 10));
		await speech.send('finals', [{ reset: true, parts: { id: 'dropped' }, topic: 'mic' }]);
		const { code } = await speech.closed('finals', 'dropped');
		assert.equal(code, undefined);
		await speech.send('finals', all.slice(10));
		await speech.send('finals', chunks(await speak(WINDOW), 'after-reset'));
		understood(await speech.closed('finals', 'after-reset'), WINDOW);
		assert.equal(speech.closings('finals').filter((stream) => stream === 'dropped').length, 1);
		await speech.nodeRed.waitForNoChildren();
	});

	it('ends a stream that falls silent', options, async () => {
		await speech.send('idle', chunks(await speak(WINDOW), 'unfinished').slice(0, -1));
		understood(await speech.closed('idle', 'unfinished'), WINDOW);
	});

	it('says where there are no partials', options, async () => {
		await speech.nodeRed.waitForStatus(
			'cli-stt',
			({ fill, text }) => fill === 'grey' && text === 'idle, no partials',
		);
		await speech.send('cli-stt', chunks(await speak(WINDOW), 'cli'));
		understood(await speech.closed('cli-stt', 'cli'), WINDOW);
		assert.ok(
			speech.nodeRed
				.statuses('cli-stt')
				.some(({ fill, text }) => fill === 'green' && text === 'on, no partials'),
		);
		assert.equal(speech.nodeRed.messages('cli-stt', PARTIALS).length, 0);
	});

	it('takes settings from the environment', options, async () => {
		const pcm = Buffer.concat([await speak(LIGHT, { tail: 900 }), await speak(WINDOW, { lead: 0 })]);
		await speech.send('env-stt', chunks(pcm, 'env'));
		assert.equal((await speech.closed('env-stt', 'env')).code, undefined);
		assert.equal(speech.nodeRed.messages('env-stt', FINALS).length, 1);
	});
});
