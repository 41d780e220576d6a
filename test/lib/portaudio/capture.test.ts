import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { needs } from '../../lab/needs.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { startSoundCard } from '../../lab/sound-card.ts';
import { Playback, portAudioChildren, portAudioOn, Recording, request, until } from './rig.ts';

const skip = needs('pulseaudio', 'naudiodon');

for (const rate of [16_000, 44_100, 48_000])
	test(`captures at ${rate} Hz without a gap or a change`, { skip, timeout: 120_000 }, async (t) => {
		const card = await startSoundCard({ rate });
		t.after(() => card.stop());
		const portAudio = portAudioOn(card);
		t.after(() => portAudio.endIdleChildren());
		const fed = noise(rate, rate);
		const recording = await Recording.start(portAudio, request('vmic', rate));
		assert.deepEqual(recording.input.format, { sampleRate: rate, channels: 1 });
		await recording.more(1);
		await card.feed(fed).done;
		await recording.more(rate); // 0.5 s
		await recording.input.close();
		const run = findRun(recording.pcm, fed);
		assert.ok(run.exact && run.frames === rate && run.offset === 0, run.summary);
		assert.deepEqual([...new Set(recording.pieces.map((piece) => piece.length))], [1024]);
		assert.equal(recording.input.droppedBytes, 0);
		assert.deepEqual(recording.losses, []);
	});

test('delivers to two microphones and plays, all at once', { skip, timeout: 120_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const fed = noise(32_000, 1);
	const played = noise(24_000, 2);
	const [first, second, playback] = await Promise.all([
		Recording.start(portAudio, request('vmic')),
		Recording.start(portAudio, request('', 16_000, 1, 320)),
		Playback.start(portAudio, request('vspk')),
	]);
	await Promise.all([first.more(1), second.more(1)]);
	assert.equal(portAudioChildren().length, 2, 'one child for each direction');
	const feed = card.feed(fed);
	await playback.write(played);
	await playback.output.end();
	await feed.done;
	await Promise.all([first.more(8000), second.more(8000)]);
	await first.input.close();
	await second.more(16_000);
	await second.input.close();
	for (const { pcm } of [first, second]) {
		const run = findRun(pcm, fed);
		assert.ok(run.exact && run.frames === 32_000, run.summary);
	}
	const run = findRun(card.spoken(), played);
	assert.ok(run.exact && run.frames === 24_000, run.summary);
});

test('close delivers what was captured, and nothing comes after it', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const recording = await Recording.start(portAudio, request('vmic', 16_000, 1, 160));
	const feed = card.feed(noise(160_000, 3));
	await recording.until(() => recording.pcm.some((byte) => byte !== 0));
	const before = recording.pieces.length;
	const closing = recording.input.close();
	assert.equal(recording.input.close(), closing, 'closing twice is closing once');
	await closing;
	const pieces = recording.pieces.length;
	assert.ok(pieces >= before);
	await portAudio.endIdleChildren();
	assert.equal(recording.pieces.length, pieces);
	feed.stop();
	await feed.done;
	const run = findRun(recording.pcm, noise(160_000, 3));
	assert.ok(run.exact && run.frames > 0 && run.trailingSilence === 0, run.summary);
});

test('loses nothing while we are busy for seconds', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const fed = noise(80_000, 5); // 5 s
	const recording = await Recording.start(portAudio, request('vmic'));
	await recording.more(1);
	const feed = card.feed(fed);
	await recording.until(() => recording.pcm.some((byte) => byte !== 0));
	// Longer than a microphone may keep silent.
	for (const end = performance.now() + 3000; performance.now() < end; );
	await feed.done;
	await recording.more(8000);
	await recording.input.close();
	const run = findRun(recording.pcm, fed);
	assert.ok(run.exact && run.frames === 80_000, run.summary);
	assert.deepEqual([recording.losses, recording.input.droppedBytes], [[], 0]);
});

test('fifty times open and close leave no process and no descriptor', {
	skip,
	timeout: 180_000,
}, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	const descriptors = () => readdirSync('/proc/self/fd').length;
	const before = descriptors();
	const children = new Set<number>();
	for (let i = 0; i < 50; i++) {
		const recording = await Recording.start(portAudio, request('vmic'));
		for (const { pid } of portAudioChildren()) children.add(pid);
		await recording.more(1);
		await recording.input.close();
		assert.deepEqual(recording.losses, []);
	}
	assert.equal(children.size, 1, 'one child served them all');
	// A refused opening costs the child its trust: ten times a new one.
	for (let i = 0; i < 10; i++)
		await assert.rejects(portAudio.openOutput(request('nowhere'), nobody), {
			code: 'PLAY_DEVICE_NOT_FOUND',
		});
	await portAudio.endIdleChildren();
	await until(() => portAudioChildren().length === 0, 'no child is left');
	await until(() => descriptors() <= before, 'no descriptor is left');
});

const nobody = { drain() {}, lost() {}, underrun() {} };

test('a child that serves nobody ends by itself, and keeps nobody from ending', {
	skip,
	timeout: 60_000,
}, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card, { idleMs: 200 });
	const recording = await Recording.start(portAudio, request('vmic'));
	const [child] = portAudioChildren();
	assert.ok(child, `no child of ${process.pid}`);
	await recording.input.close();
	await until(() => portAudioChildren().length === 0, 'the idle child ends');
	const again = await Recording.start(portAudio, request('vmic'));
	await again.more(1);
	await again.input.close();
});
