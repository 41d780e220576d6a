import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../../lab/needs.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { startSoundCard } from '../../lab/sound-card.ts';
import { Playback, portAudioOn, request, until } from './rig.ts';

const skip = needs('pulseaudio', 'naudiodon');

for (const rate of [16_000, 44_100, 48_000])
	test(`plays at ${rate} Hz without a gap or a change`, { skip, timeout: 120_000 }, async (t) => {
		const card = await startSoundCard({ rate });
		t.after(() => card.stop());
		const portAudio = portAudioOn(card);
		t.after(() => portAudio.endIdleChildren());
		const pcm = noise(rate, rate);
		const playback = await Playback.start(portAudio, request('vspk', rate));
		assert.deepEqual(playback.output.format, { sampleRate: rate, channels: 1 });
		const since = performance.now();
		await playback.write(pcm, 2 * 441);
		await playback.output.end();
		assert.ok(performance.now() - since >= 1000, 'the end came before the sound was over');
		assert.equal(playback.output.queuedBytes, 0);
		const run = findRun(card.spoken(), pcm);
		assert.ok(run.exact && run.frames === rate && run.offset === 0, run.summary);
		assert.equal(run.leadingSilence, 0);
		assert.ok(run.trailingSilence >= 0.2 * rate, 'PortAudio drops the tail: it must be silence');
		assert.deepEqual(playback.losses, []);
	});

test('plays sound shorter than any buffer, and none at all', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const pcm = noise(80, 1);
	const playback = await Playback.start(portAudio, request('vspk'));
	// Frames that arrive in halves belong together for nobody: the odd byte is left out.
	playback.output.write(Buffer.concat([pcm, Buffer.of(1)]));
	playback.output.write(Buffer.alloc(0));
	await playback.output.end();
	const run = findRun(card.spoken(), pcm);
	assert.ok(run.exact && run.frames === 80, run.summary);
	card.clearSpoken();
	const silent = await Playback.start(portAudio, request('vspk'));
	await silent.output.end();
	assert.equal(card.spoken().length, 0);
	assert.equal(silent.output.write(pcm), true, 'what is written after the end goes nowhere');
	await silent.output.abort();
});

test('fills gaps with silence and tells of them', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const pcm = noise(32_000, 7);
	const playback = await Playback.start(portAudio, request('vspk'));
	await playback.write(pcm.subarray(0, 10_002));
	await playback.until(() => playback.underruns > 0);
	assert.equal(playback.output.queuedBytes, 0);
	await playback.write(pcm.subarray(10_002));
	await playback.output.end();
	const spoken = card.spoken();
	assert.ok(spoken.length > pcm.length);
	assert.ok(withoutSilence(spoken).equals(pcm), findRun(spoken, pcm).summary);
});

/** `noise` is never zero. */
function withoutSilence(pcm: Buffer): Buffer {
	const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
	return Buffer.from(samples.filter((sample) => sample !== 0).buffer);
}

test('plays at once what is too short to fill the buffers', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const pcm = noise(160, 8);
	const playback = await Playback.start(portAudio, request('vspk'));
	playback.output.write(pcm);
	await until(() => withoutSilence(card.spoken()).equals(pcm), 'the short sound is heard');
	await playback.output.abort();
});

test('abort cuts the sound and frees the device', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const pcm = noise(16_000 * 20, 9);
	const playback = await Playback.start(portAudio, request('vspk'));
	assert.equal(playback.output.write(pcm), false);
	await until(() => playback.output.queuedBytes < pcm.length, 'the sound begins');
	const ending = playback.output.end();
	await playback.output.abort();
	await ending;
	const run = findRun(card.spoken(), pcm);
	assert.ok(run.exact && run.offset === 0 && run.frames > 0 && run.frames < 16_000 * 20, run.summary);
	card.clearSpoken();
	const next = await Playback.start(portAudio, request('vspk'));
	await next.write(pcm.subarray(0, 16_000));
	await next.output.end();
	const again = findRun(card.spoken(), pcm.subarray(0, 16_000));
	assert.ok(again.exact && again.frames === 8000, again.summary);
});

test('bounds its queue', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const { output } = await Playback.start(portAudio, request('vspk'));
	const second = Buffer.alloc(32_000);
	assert.throws(
		() => {
			for (let i = 0; i < 40; i++) output.write(second);
		},
		{ code: 'PLAY_QUEUE_FULL' },
	);
	assert.ok(output.queuedBytes < 40 * second.length);
	await output.abort();
});
