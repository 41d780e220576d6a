import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VoiceError } from '../../../lib/node/errors.ts';
import { isAlive } from '../../lab/descendants.ts';
import { needs } from '../../lab/needs.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { startSoundCard } from '../../lab/sound-card.ts';
import { Playback, portAudioChildren, portAudioOn, Recording, request, until } from './rig.ts';

const skip = needs('pulseaudio', 'naudiodon');
const noInput = { data() {}, lost() {} };
const noOutput = { drain() {}, lost() {}, underrun() {} };
const holder = fileURLToPath(new URL('./holder.js', import.meta.url));

function assertLost(losses: Error[], code: string, words: RegExp): void {
	assert.equal(losses.length, 1, 'told once');
	assert.ok(losses[0] instanceof VoiceError);
	assert.equal(losses[0].code, code);
	assert.ok(losses[0].retryable && losses[0].remedy);
	assert.match(losses[0].message, words);
}

test('a sound server that dies under a microphone', { skip, timeout: 120_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const recording = await Recording.start(portAudio, request('vmic'));
	await recording.more(1);
	await card.kill();
	await recording.lost();
	assertLost(recording.losses, 'MIC_STALLED', /"vmic" no longer moves any sound/);
	await recording.input.close();
	await until(() => portAudioChildren().length === 0, 'the child that lost its device ends');
	await assert.rejects(portAudio.openInput(request('vmic'), noInput), { code: 'MIC_DEVICE_NOT_FOUND' });

	await card.restart();
	const fed = noise(8000, 6);
	const again = await Recording.start(portAudio, request('vmic'));
	await again.more(1);
	await card.feed(fed).done;
	await again.more(8000);
	await again.input.close();
	const run = findRun(again.pcm, fed);
	assert.ok(run.exact && run.frames === 8000, run.summary);
	assert.equal(recording.losses.length, 1);
});

test('a sound server that dies under a loudspeaker', { skip, timeout: 120_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const long = noise(16_000 * 25, 1);

	const written = await Playback.start(portAudio, request('vspk'));
	written.output.write(long);
	const ending = await Playback.start(portAudio, request('vspk'));
	ending.output.write(long.subarray(0, 32_000));
	const cut = await Playback.start(portAudio, request('vspk'));
	cut.output.write(long);
	await until(() => cut.output.queuedBytes < long.length, 'sound flows');
	const ended = assert.rejects(ending.output.end(), { code: 'PLAY_STALLED' });
	await card.kill();
	await cut.output.abort(); // resolves, although naudiodon cannot let go
	await written.lost();
	assertLost(written.losses, 'PLAY_STALLED', /"vspk" no longer moves any sound/);
	await ended;
	assert.deepEqual([ending.losses, cut.losses], [[], []]);
	assert.equal(written.output.write(long), true, 'goes nowhere');
	await assert.rejects(written.output.end(), { code: 'PLAY_STALLED' });
	await written.output.abort();
	await until(() => portAudioChildren().length === 0, 'the child that lost its device ends');

	await card.restart();
	card.clearSpoken();
	const again = await Playback.start(portAudio, request('vspk'));
	await again.write(long.subarray(0, 16_000));
	await again.output.end();
	const run = findRun(card.spoken(), long);
	assert.ok(run.exact && run.frames === 8000, run.summary);
});

test('a child that is killed', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const recordings = [
		await Recording.start(portAudio, request('vmic')),
		await Recording.start(portAudio, request('default')),
	];
	const playback = await Playback.start(portAudio, request('vspk'));
	playback.output.write(noise(32_000));
	await Promise.all(recordings.map((recording) => recording.more(1)));
	const children = portAudioChildren();
	assert.equal(children.length, 2);
	for (const { pid } of children) process.kill(pid, 'SIGKILL');
	await Promise.all([...recordings, playback].map((stream) => stream.lost()));
	for (const { losses } of recordings)
		assertLost(losses, 'MIC_STALLED', /was lost: PortAudio's process ended with code 137/);
	assertLost(playback.losses, 'PLAY_STALLED', /"vspk" was lost/);
	const again = await Recording.start(portAudio, request('vmic'));
	await again.more(1);
	await again.input.close();
	const playing = await Playback.start(portAudio, request('vspk'));
	await playing.write(noise(1600));
	await playing.output.end();
});

test('a child that lost its trust serves its streams to their end', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const fed = noise(16_000, 2);
	const old = await Recording.start(portAudio, request('vmic'));
	const [oldChild] = portAudioChildren();
	await old.more(1);
	const feed = card.feed(fed);
	await assert.rejects(portAudio.openInput(request('nowhere'), noInput), { code: 'MIC_DEVICE_NOT_FOUND' });
	const young = await Recording.start(portAudio, request('vmic'));
	await feed.done;
	await Promise.all([old.more(8000), young.more(1)]);
	assert.ok(isAlive(oldChild!));
	const others = portAudioChildren().filter(({ pid }) => pid !== oldChild!.pid);
	assert.equal(others.length, 1, 'a new stream gets a new child');
	await old.input.close();
	await until(() => !isAlive(oldChild!), 'the old child ends with its last stream');
	await young.more(1);
	await young.input.close();
	const run = findRun(old.pcm, fed);
	assert.ok(run.exact && run.frames === 16_000, run.summary);
});

test('naudiodon is not there', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card, { env: { VOICE_NAUDIODON: '/nonexistent/naudiodon' } });
	t.after(() => portAudio.endIdleChildren());
	const missing = (code: string) => (error: VoiceError) => {
		assert.equal(error.code, code);
		assert.match(error.problem, /naudiodon is not installed/);
		assert.match(error.remedy, process.arch === 'arm64' ? /alsa/ : /npm install naudiodon/);
		return !error.retryable;
	};
	await assert.rejects(portAudio.openInput(request(''), noInput), missing('MIC_BACKEND_MISSING'));
	await assert.rejects(portAudio.openOutput(request(''), noOutput), missing('PLAY_BACKEND_MISSING'));
	await assert.rejects(portAudio.listDevices(), missing('MIC_BACKEND_MISSING'));
	await assert.rejects(portAudio.listDevices('output'), missing('PLAY_BACKEND_MISSING'));
	await portAudio.endIdleChildren();
	assert.deepEqual(portAudioChildren(), []);
});

test('ALSA without a default device, on which PortAudio aborts', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const config = join(card.folder, 'no-default.conf');
	writeFileSync(config, 'pcm.lonely { type null; hint { show on; description "Nothing" } }\n');
	const portAudio = portAudioOn(card, { env: { ALSA_CONFIG_PATH: config } });
	t.after(() => portAudio.endIdleChildren());
	await assert.rejects(portAudio.openInput(request('lonely'), noInput), (error: VoiceError) => {
		assert.equal(error.code, 'MIC_DEVICE_NOT_FOUND');
		assert.match(error.message, /no default device.*pcm\.!default/);
		return true;
	});
	assert.deepEqual(portAudioChildren(), []);
});

test('a device on which PortAudio hangs', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const fifo = join(card.folder, 'fifo');
	execFileSync('mkfifo', [fifo]);
	const config = join(card.folder, 'hangs.conf');
	writeFileSync(
		config,
		`pcm.stuck { type file; slave.pcm { type null }; file /dev/null; infile "${fifo}"; format raw }
pcm.!default { type asym; capture.pcm stuck; playback.pcm stuck }
`,
	);
	const portAudio = portAudioOn(card, { openTimeoutMs: 1500, env: { ALSA_CONFIG_PATH: config } });
	t.after(() => portAudio.endIdleChildren());
	await assert.rejects(portAudio.openInput(request('stuck'), noInput), (error: VoiceError) => {
		assert.equal(error.code, 'MIC_STALLED');
		assert.match(error.message, /"stuck" cannot be opened: PortAudio's process does not answer/);
		return true;
	});
	await until(() => portAudioChildren().length === 0, 'the hung child is killed');
});

test('we are killed', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const parent = spawn(process.execPath, [holder, 'hold'], {
		env: { ...process.env, ...card.env },
		cwd: card.folder,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	t.after(() => parent.kill('SIGKILL'));
	await once(parent.stdout, 'data');
	const children = portAudioChildren(parent.pid);
	assert.equal(children.length, 2);
	parent.kill('SIGKILL');
	await until(() => !children.some(isAlive), 'the children end with us');
	assert.ok(!existsSync(join(card.folder, 'crash.log')));
});

test('we end by ourselves while a child is idle', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const parent = spawn(process.execPath, [holder, 'end'], {
		env: { ...process.env, ...card.env },
		cwd: card.folder,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	t.after(() => parent.kill('SIGKILL'));
	const exited = once(parent, 'exit');
	await once(parent.stdout, 'data');
	const children = portAudioChildren(parent.pid);
	assert.deepEqual(await exited, [0, null]);
	await until(() => !children.some(isAlive), 'the idle child ends with us');
});
