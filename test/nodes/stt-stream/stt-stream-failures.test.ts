import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encodeWav } from '../../../lib/audio/wav.ts';
import { needs } from '../../lab/needs.ts';
import type { FlowNode, Message } from '../../lab/node-red.ts';
import { noise } from '../../lab/signals.ts';
import { speak } from '../../lab/speech.ts';
import { SAFETY_MS } from './helpers.ts';
import {
	chunks,
	EVENTS,
	LIGHT,
	PARTIALS,
	provider,
	SpeechFlow,
	sessionOf,
	stt,
	transcriptOf,
	understood,
	WINDOW,
} from './speech-flow.ts';

// In a real Node-RED, with real PocketSphinx: limits, errors, deployments and deaths.

const options = { timeout: 2 * SAFETY_MS };

describe('stt-stream in Node-RED: what can go wrong', {
	skip: needs('python3-pocketsphinx', 'pocketsphinx', 'flite', 'sox'),
}, () => {
	let speech: SpeechFlow;
	const flow: FlowNode[] = [
		provider('sphinx'),
		provider('cli', { options: '{"program":"pocketsphinx_continuous"}' }),
		provider('wrong', { options: '{"grammer":"x"}' }),
		provider('garbled', { options: '{"grammar"' }),
		provider('other', { provider: 'acme' }),
		...stt('stt', { language: 'en-US' }),
		...stt('finals', { partials: false }),
		...stt('single', { maxStreams: '1' }),
		...stt('cli-stt', { provider: 'cli' }),
		...stt('none', { provider: '' }),
		...stt('gone', { provider: 'deleted' }),
		...stt('wrong-stt', { provider: 'wrong' }),
		...stt('garbled-stt', { provider: 'garbled' }),
		...stt('other-stt', { provider: 'other' }),
		...stt('bad', { maxStreams: 'many' }),
	];

	before(async () => {
		speech = await SpeechFlow.start(flow);
	});
	after(() => speech?.nodeRed.stop());

	it(
		'takes no more streams than allowed; the others get their end, and later ones work',
		options,
		async () => {
			const [first, ...rest] = chunks(await speak(WINDOW), 'first');
			await speech.send('single', [first ?? {}]);
			await speech.send('single', chunks(await speak(LIGHT), 'too-many'));
			const refused = await speech.closed('single', 'too-many');
			assert.deepEqual([refused.code, refused.provider], ['STT_QUOTA', 'local']);
			const { code } = await speech.nodeRed.waitForError('single');
			assert.equal(code, 'STT_QUOTA');
			await speech.send('single', rest);
			understood(await speech.closed('single', 'first'), WINDOW);
			await speech.send('single', chunks(await speak(LIGHT), 'third'));
			understood(await speech.closed('single', 'third'), LIGHT);
			assert.deepEqual(speech.closings('single'), ['too-many', 'first', 'third']);
		},
	);

	it('reports what is no audio, and goes on', options, async () => {
		const count = speech.nodeRed.errors('finals').length;
		const bad: Message[] = [
			{ payload: 'start' },
			{ payload: { temperature: 21 } },
			{ payload: Buffer.from('OggS and so on, and so on') },
			{ payload: Buffer.alloc(100) },
			{ payload: encodeWav([Buffer.alloc(10)], { sampleRate: 16_000, channels: 1 }).subarray(0, 20) },
			{ payload: Buffer.alloc(100), audio: { sampleRate: -1 } },
			{ payload: 'text', transcript: { text: 'text' } },
		];
		await speech.send('finals', bad);
		await speech.nodeRed.waitForError(
			'finals',
			() => speech.nodeRed.errors('finals').length === count + bad.length,
		);
		for (const { code, message } of speech.nodeRed.errors('finals').slice(count)) {
			assert.equal(code, 'AUDIO_FORMAT');
			assert.match(String(message), /: .+/);
		}
		await speech.nodeRed.waitForStatus(
			'finals',
			({ fill, text }) => fill === 'red' && text === 'audio not usable',
		);
		await speech.send('finals', chunks(await speak(WINDOW), 'after-errors'));
		understood(await speech.closed('finals', 'after-errors'), WINDOW);
	});

	const engine = () =>
		speech.nodeRed
			.children()
			.find(({ command }) => /python3 .*sidecar/.test(command) && !/^\/bin\/sh/.test(command));

	it('loses no word when the engine is killed in one', options, async () => {
		const [light, window] = [await speak(LIGHT), await speak(WINDOW)];
		const pcm = Buffer.concat([light, window]);
		const all = chunks(pcm, 'killed');
		const errors = speech.nodeRed.errors('stt').length;
		// One utterance is over, and the next one under way; the rest comes while the next engine loads.
		const until = Math.round((light.length + window.length / 2) / (all[0]?.payload.length ?? 1));
		await speech.send('stt', all.slice(0, until));
		const isNext = (message: Message) => {
			const { stream, turn } = transcriptOf(message) ?? {};
			return stream === 'killed' && turn === 1;
		};
		await speech.nodeRed.waitFor('stt', isNext, { port: PARTIALS });
		const first = engine();
		assert.ok(first);
		process.kill(first.pid, 'SIGKILL');
		const isReconnecting = (message: Message) =>
			message.payload === 'reconnecting' && sessionOf(message).stream === 'killed';
		await speech.nodeRed.waitFor('stt', isReconnecting, { port: EVENTS });
		await speech.send('stt', all.slice(until));
		const session = await speech.closed('stt', 'killed');
		understood(session, `${LIGHT} ${WINDOW}`);
		assert.deepEqual([session.reconnects, session.droppedMs], [1, 0]);
		assert.equal(session.audioMs, Math.round(pcm.length / 32));
		assert.equal(speech.closings('stt').filter((stream) => stream === 'killed').length, 1);
		assert.equal(speech.nodeRed.errors('stt').length, errors);
	});

	it('tells Catch nodes when the engine dies three times in a row, and goes on', options, async () => {
		// Of silence: one that has said something did its work.
		const all = chunks(Buffer.alloc(32_000), 'hopeless');
		await speech.send('stt', all.slice(0, 12));
		const killed = new Set<number>();
		while (killed.size < 3) {
			const next = await speech.nodeRed.until('an engine', () => {
				const found = engine();
				return found && !killed.has(found.pid) ? found : undefined;
			});
			killed.add(next.pid);
			process.kill(next.pid, 'SIGKILL');
		}
		const session = await speech.closed('stt', 'hopeless');
		assert.deepEqual([session.code, session.text], ['STT_ENGINE', '']);
		const error = await speech.nodeRed.waitForError('stt');
		assert.equal(error.code, 'STT_ENGINE');
		assert.match(String(error.message), /killed by signal 9.*, 3 times in a row: .*memory/);
		assert.equal((error.msg as { parts?: { id?: string } }).parts?.id, 'hopeless');
		assert.equal((error.msg as { payload?: unknown }).payload, undefined);
		await speech.nodeRed.waitForStatus('stt', ({ fill, text }) => fill === 'red' && text === 'engine failed');
		// What still comes is not a stream of its own.
		await speech.send('stt', all.slice(12));
		await speech.send('stt', chunks(await speak(WINDOW), 'after-kill'));
		understood(await speech.closed('stt', 'after-kill'), WINDOW);
		assert.equal(speech.closings('stt').filter((stream) => stream === 'hopeless').length, 1);
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
			const { code, message } = await speech.nodeRed.waitForError(node);
			assert.equal(code, 'STT_CONFIG');
			assert.match(String(message), what);
			await speech.nodeRed.waitForStatus(
				node,
				({ fill, text }) => fill === 'red' && text === 'check the settings',
			);
			for (const id of ['x', 'y']) {
				await speech.send(node, chunks(noise(4000), id));
				const session = await speech.closed(node, id);
				assert.deepEqual([session.code, session.text], ['STT_CONFIG', '']);
			}
			assert.deepEqual(speech.closings(node), ['x', 'y']);
			assert.equal(speech.nodeRed.errors(node).length, 3);
		});

	it(
		'ends its streams on a redeploy, where the receivers live on, and leaves no process',
		options,
		async () => {
			await speech.send('stt', chunks(await speak(LIGHT), 'redeployed').slice(0, 12));
			await speech.send('cli-stt', chunks(await speak(LIGHT), 'redeployed').slice(0, 12));
			await speech.nodeRed.waitFor('stt', (message) => sessionOf(message).stream === 'redeployed', {
				port: EVENTS,
			});
			await speech.nodeRed.waitFor('cli-stt', (message) => sessionOf(message).stream === 'redeployed', {
				port: EVENTS,
			});
			const changed = flow.map((node) =>
				['stt', 'cli-stt'].includes(node.id) ? { ...node, language: 'en' } : node,
			);
			await speech.nodeRed.setFlows(changed, { type: 'nodes' });
			assert.equal((await speech.closed('stt', 'redeployed')).code, undefined);
			assert.equal((await speech.closed('cli-stt', 'redeployed')).code, undefined);
			await speech.nodeRed.waitForNoChildren();
			await speech.send('stt', chunks(await speak(WINDOW), 'after-deploy'));
			understood(await speech.closed('stt', 'after-deploy'), WINDOW);
		},
	);

	it('leaves no process when Node-RED is killed', options, async () => {
		await speech.send('stt', chunks(await speak(LIGHT), 'orphan').slice(0, 12));
		await speech.send('cli-stt', chunks(await speak(LIGHT), 'orphan').slice(0, 12));
		await speech.nodeRed.waitFor('stt', (message) => sessionOf(message).stream === 'orphan', {
			port: EVENTS,
		});
		await speech.nodeRed.waitFor('cli-stt', (message) => sessionOf(message).stream === 'orphan', {
			port: EVENTS,
		});
		assert.ok(speech.nodeRed.children().length >= 2);
		await speech.nodeRed.kill('SIGKILL');
		await speech.nodeRed.waitForNoChildren();
	});
});
