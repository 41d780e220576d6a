import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { scaleVolume } from '../../../lib/audio/convert.ts';
import { encodeWav } from '../../../lib/audio/wav.ts';
import type { Playback } from '../../../nodes/audio-play/item.ts';
import { needs } from '../../lab/needs.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../../lab/sound-card.ts';

// The node in a real Node-RED on a virtual sound card that has everything that sound cards do to people.

const RATE = 16_000;
const MONO = { sampleRate: RATE, channels: 1 };

const wav = (pcm: Buffer, sampleRate = RATE): Message => ({
	payload: encodeWav([pcm], { ...MONO, sampleRate }),
});
const chunk = (id: string, index: number, pcm: Buffer, last = false): Message => ({
	payload: pcm,
	audio: { ...MONO, encoding: 'pcm_s16le' },
	parts: { id, index, type: 'buffer', ch: '' },
	...(last && { complete: true }),
});
const playback = (message: Message) => message['playback'] as Playback;

/** All of it was heard. A machine that is too busy to play without gaps shall not fail a test that is not about them. */
function assertHeard(message: Message, durationMs: number): void {
	const { underruns, ...rest } = playback(message);
	assert.deepEqual(rest, { durationMs, interrupted: false }, `and ${underruns} underruns`);
}

/** What was heard without the silence that pauses and gaps put between the samples; noise() has no zeros. */
function withoutSilence(pcm: Buffer): Buffer {
	const sounding: Buffer[] = [];
	for (let at = 0; at < pcm.length; at += 2)
		if (pcm.readInt16LE(at) !== 0) sounding.push(pcm.subarray(at, at + 2));
	return Buffer.concat(sounding);
}

const flow = (backend: string): FlowNode[] => {
	const play = (id: string, settings: object): FlowNode => ({
		id,
		type: 'audio-play',
		z: 'tab',
		backend,
		device: 'vspk',
		framesPerBuffer: 2048,
		...settings,
		wires: [['sink']],
	});
	return [
		{ id: 'tab', type: 'tab' },
		sink('sink', 'tab'),
		{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
		play('play', {}),
		play('interrupt', { mode: 'interrupt' }),
		play('half', { volume: 50 }),
		play('unknown', { device: 'no such speaker' }),
		play('rate', { device: 'only48' }),
		play('stereo', { device: 'stereo' }),
	];
};

for (const [backend, ...packages] of [['alsa'], ['portaudio', 'naudiodon']] as const)
	describe(`audio-play with ${backend}`, {
		skip: needs('pulseaudio', 'alsa-utils', 'gcc', ...packages),
	}, () => {
		let card: SoundCard;
		let nodeRed: LabNodeRed;
		let seen: Record<string, number> = {};

		before(async () => {
			card = await startSoundCard({ rate: RATE, awkward: true });
			nodeRed = await startNodeRed({ env: card.env, flow: flow(backend) });
		});
		after(async () => {
			await nodeRed.stop();
			await card.stop();
		});
		beforeEach(() => {
			seen = Object.fromEntries(flow(backend).map(({ id }) => [id, nodeRed.messages(id).length]));
			card.clearSpoken();
		});

		/** The node's nth message of those sent in this test. */
		const next = (id: string, nth = 0) => nodeRed.waitFor(id, (_, index) => index === (seen[id] ?? 0) + nth);
		const send = (id: string, message: Message) => nodeRed.send(id, message);
		/** Resolves when more than a second has been heard. */
		const sounding = (id: string) => {
			const after = nodeRed.statuses(id).length;
			return nodeRed.waitForStatus(id, ({ text }) => /^playing [1-9]/.test(text ?? ''), { after });
		};

		async function failure(id: string, tag: string): Promise<Message> {
			await send(id, { ...wav(noise(1600)), tag });
			const message = await next(id);
			const { code, ...rest } = playback(message);
			assert.deepEqual(rest, { durationMs: 0, underruns: 0, interrupted: true });
			const error = (await nodeRed.waitFor('catch', (msg) => msg['tag'] === tag))['error'] as Message;
			assert.equal(error['code'], code);
			return error;
		}

		/** The card plays all of it, unchanged. */
		async function playsAgain(id = 'play'): Promise<void> {
			const pcm = noise(RATE / 2, 99);
			const already = card.spoken().length;
			const count = nodeRed.messages(id).length;
			await send(id, wav(pcm));
			const message = await nodeRed.waitFor(id, (_, index) => index === count);
			assertHeard(message, 500);
			const run = findRun(card.spoken().subarray(already), pcm);
			assert.ok(run.exact && run.frames === RATE / 2, run.summary);
		}

		test('a recording is heard unchanged, and its message comes after its sound', async () => {
			const pcm = noise(RATE * 2);
			const started = performance.now();
			await send('play', wav(pcm));
			const message = await next('play');
			assert.ok(performance.now() - started >= 2000);
			assertHeard(message, 2000);
			const run = findRun(card.spoken(), pcm);
			assert.ok(run.exact && run.frames === RATE * 2, run.summary);
		});

		test('a stream is heard while it still arrives', async () => {
			const pcm = noise(RATE * 2, 2);
			const piece = (index: number) => pcm.subarray(index * 3200, (index + 1) * 3200);
			for (let index = 0; index < 19; index++) await send('play', chunk('live', index, piece(index)));
			// The stream has not ended, and cannot before some of it has left.
			while (card.spoken().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
			assert.equal(nodeRed.messages('play').length, seen['play']);
			await send('play', chunk('live', 19, piece(19), true));
			assert.equal(playback(await next('play')).durationMs, 2000);
			const run = findRun(withoutSilence(card.spoken()), pcm);
			assert.ok(run.exact && run.frames === RATE * 2, run.summary);
		});

		test('a stream that falters has gaps, which are counted, and loses nothing', async () => {
			const pcm = noise(RATE * 2, 3);
			const half = pcm.length / 2;
			for (let index = 0; index < 10; index++)
				await send(
					'play',
					chunk('slow', index, pcm.subarray((index * half) / 10, ((index + 1) * half) / 10)),
				);
			await new Promise((resolve) => setTimeout(resolve, 2500));
			for (let index = 0; index < 10; index++)
				await send(
					'play',
					chunk(
						'slow',
						10 + index,
						pcm.subarray(half + (index * half) / 10, half + ((index + 1) * half) / 10),
						index === 9,
					),
				);
			const { underruns, ...rest } = playback(await next('play'));
			assert.ok(underruns >= 1, `${underruns} underruns`);
			assert.deepEqual(rest, { durationMs: 2000, interrupted: false });
			const run = findRun(withoutSilence(card.spoken()), pcm);
			assert.ok(run.exact && run.frames === RATE * 2, run.summary);
		});

		test('two recordings are heard one after the other', async () => {
			const [one, two] = [noise(RATE / 2, 4), noise(RATE / 2, 5)];
			await send('play', { ...wav(one), topic: 'one' });
			await send('play', { ...wav(two), topic: 'two' });
			assert.equal((await next('play', 0))['topic'], 'one');
			assert.equal((await next('play', 1))['topic'], 'two');
			const run = findRun(withoutSilence(card.spoken()), Buffer.concat([one, two]));
			assert.ok(run.exact && run.frames === RATE, run.summary);
		});

		test('in interrupt mode the new one silences the old one', async () => {
			const [one, two] = [noise(RATE * 10, 6), noise(RATE / 2, 7)];
			await send('interrupt', { ...wav(one), topic: 'one' });
			await sounding('interrupt');
			await send('interrupt', { ...wav(two), topic: 'two' });
			const old = await next('interrupt', 0);
			assert.equal(old['topic'], 'one');
			const { durationMs, interrupted } = playback(old);
			assert.ok(interrupted && durationMs >= 900 && durationMs < 9000, `${durationMs} ms`);
			const message = await next('interrupt', 1);
			assert.equal(message['topic'], 'two');
			assert.equal(playback(message).interrupted, false);
			const streams = card.spokenStreams();
			assert.equal(streams.length, 2);
			assert.equal(findRun(streams[0]!.data, one).offset, 0);
			assert.ok(findRun(streams[1]!.data, two).exact);
		});

		test('stop silences what sounds and what waits', async () => {
			await send('play', { ...wav(noise(RATE * 20, 8)), topic: 'one' });
			await send('play', { ...wav(noise(RATE * 20, 9)), topic: 'two' });
			await sounding('play');
			await send('play', { payload: 'stop' });
			const topics = [await next('play', 0), await next('play', 1)].map((message) => {
				assert.equal(playback(message).interrupted, true);
				return message['topic'];
			});
			assert.deepEqual(topics.sort(), ['one', 'two']);
			await playsAgain();
		});

		test('pause and resume lose and double nothing', async () => {
			const pcm = noise(RATE * 6, 10);
			await send('play', wav(pcm));
			await sounding('play');
			const shown = nodeRed.statuses('play').length;
			await send('play', { payload: 'pause' });
			await nodeRed.waitForStatus('play', ({ text }) => text === 'paused', { after: shown });
			const paused = async () => {
				const { length } = withoutSilence(card.spoken());
				await new Promise((resolve) => setTimeout(resolve, 1000));
				return withoutSilence(card.spoken()).length === length;
			};
			while (!(await paused()));
			assert.ok(withoutSilence(card.spoken()).length < pcm.length, 'it was not all heard');
			assert.equal(nodeRed.messages('play').length, seen['play']);
			await send('play', { payload: true });
			assertHeard(await next('play'), 6000);
			const run = findRun(withoutSilence(card.spoken()), pcm);
			assert.ok(run.exact && run.frames === RATE * 6, run.summary);
		});

		test('volume 50 halves the samples', async () => {
			const pcm = noise(RATE / 2, 11);
			await send('half', wav(pcm));
			await next('half');
			const run = findRun(card.spoken(), scaleVolume(pcm, 50));
			assert.ok(run.exact, run.summary);
		});

		test('an unknown device is an error, never another loudspeaker', async () => {
			const error = await failure('unknown', 'unknown');
			assert.equal(error['code'], 'PLAY_DEVICE_NOT_FOUND');
			assert.match(String(error['message']), /"no such speaker".*vspk/);
			await nodeRed.waitForStatus('unknown', ({ fill, text }) => fill === 'red' && text === 'no such device');
			assert.equal(card.spoken().length, 0);
		});

		test('a busy device is an error; when it is free, the next message plays', async () => {
			card.setBusy('vspk', true);
			try {
				const error = await failure('play', 'busy');
				assert.match(String(error['code']), /^PLAY_DEVICE_(BUSY|NOT_FOUND)$/);
				assert.match(String(error['message']), /vspk/);
			} finally {
				card.setBusy('vspk', false);
			}
			await playsAgain();
		});

		test('a rate that the device refuses is converted', async () => {
			await send('rate', wav(noise(RATE, 12)));
			assertHeard(await next('rate'), 1000);
			const [stream] = card.spokenStreams();
			assert.equal(stream?.rate, 48_000);
			const heard = findRun(stream!.data, stream!.data);
			assert.ok(Math.abs(heard.frames - 48_000) < 100, `${heard.frames} frames`);
		});

		test('channels that the device refuses are copied', async () => {
			const pcm = noise(RATE / 2, 13);
			await send('stereo', wav(pcm));
			await next('stereo');
			const [stream] = card.spokenStreams();
			assert.equal(stream?.channels, 2);
			const left = Buffer.alloc(stream!.data.length / 2);
			for (let frame = 0; frame < left.length / 2; frame++) {
				assert.equal(stream!.data.readInt16LE(frame * 4), stream!.data.readInt16LE(frame * 4 + 2));
				left.writeInt16LE(stream!.data.readInt16LE(frame * 4), frame * 2);
			}
			assert.ok(findRun(left, pcm).exact);
		});

		test('a sound server that dies while it plays is told once; when it is back, the next plays', async () => {
			await send('play', { ...wav(noise(RATE * 30, 14)), tag: 'lost' });
			await sounding('play');
			const errors = nodeRed.errors('play').length;
			await card.kill();
			const message = await next('play');
			assert.equal(playback(message).code, 'PLAY_STALLED');
			assert.equal(playback(message).interrupted, true);
			const error = (await nodeRed.waitFor('catch', (msg) => msg['tag'] === 'lost'))['error'] as Message;
			assert.equal(error['code'], 'PLAY_STALLED');
			assert.match(String(error['message']), /vspk/);
			await nodeRed.waitForStatus('play', ({ fill, text }) => fill === 'red' && text === 'device stopped');
			await send('play', { ...wav(noise(1600)), tag: 'gone' });
			const { code } = playback(await next('play', 1));
			assert.match(String(code), /^PLAY_(DEVICE_NOT_FOUND|STALLED)$/);
			assert.equal(nodeRed.errors('play').length, errors + 2);
			await card.restart();
			await playsAgain();
		});

		test('a deployment while it plays frees the device', async () => {
			await send('play', wav(noise(RATE * 30, 15)));
			await sounding('play');
			await nodeRed.setFlows(flow(backend).filter(({ id }) => id !== 'play'));
			assert.equal(playback(await next('play')).interrupted, true);
			if (backend === 'alsa') await nodeRed.waitForNoChildren();
			await nodeRed.setFlows(flow(backend));
			await playsAgain();
		});

		test('a killed Node-RED leaves no process', async () => {
			await send('play', wav(noise(RATE * 30, 16)));
			await sounding('play');
			assert.ok(nodeRed.children().length > 0);
			await nodeRed.kill();
			await nodeRed.waitForNoChildren();
		});
	});
