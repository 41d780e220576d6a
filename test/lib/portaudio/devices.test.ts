import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { VoiceError } from '../../../lib/node/errors.ts';
import { needs } from '../../lab/needs.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { startSoundCard } from '../../lab/sound-card.ts';
import { Playback, portAudioChildren, portAudioOn, Recording, request } from './rig.ts';

const skip = needs('pulseaudio', 'naudiodon', 'gcc');
const noInput = { data() {}, lost() {} };
const noOutput = { drain() {}, lost() {}, underrun() {} };

test('lists the devices with their directions', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const found = new Map((await portAudio.listDevices()).map((device) => [device.name, device]));
	assert.deepEqual([...found.keys()].sort(), ['default', 'vmic', 'vspk']);
	assert.ok(found.get('vmic')!.inputChannels > 0 && found.get('vmic')!.outputChannels === 0);
	assert.ok(found.get('vspk')!.inputChannels === 0 && found.get('vspk')!.outputChannels > 0);
	assert.ok(found.get('default')!.isDefaultInput && found.get('default')!.isDefaultOutput);
	assert.ok(!found.get('vmic')!.isDefaultInput && found.get('vmic')!.defaultSampleRate > 0);
});

test('an unknown name is an error that tells the known ones', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const isNotFound = (code: string, listed: string, others: string) => (error: VoiceError) => {
		assert.equal(error.code, code);
		assert.match(error.message, new RegExp(listed));
		assert.doesNotMatch(error.remedy, new RegExp(others));
		return true;
	};
	for (const name of ['vmi', 'vmic2', 'VMIC', '0', 'vspk'])
		await assert.rejects(
			portAudio.openInput(request(name), noInput),
			isNotFound(
				'MIC_DEVICE_NOT_FOUND',
				`"${name}" does not exist: use one of "vmic", "default", or end`,
				'vspk',
			),
		);
	await assert.rejects(
		portAudio.openOutput(request('vmic'), noOutput),
		isNotFound('PLAY_DEVICE_NOT_FOUND', '"vmic" does not exist: use one of "vspk", "default"', 'vmic'),
	);
});

test('a refused rate becomes one that the device takes, and is remembered', {
	skip,
	timeout: 120_000,
}, async (t) => {
	const card = await startSoundCard({ rate: 48_000, awkward: true });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const fed = noise(24_000, 4);
	const pids: number[] = [];
	for (let round = 0; round < 3; round++) {
		const recording = await Recording.start(portAudio, request('only48', 16_000, 1, 512));
		assert.deepEqual(recording.input.format, { sampleRate: 48_000, channels: 1 });
		pids.push(portAudioChildren()[0]!.pid);
		await recording.more(1);
		await card.feed(fed).done;
		await recording.more(24_000);
		await recording.input.close();
		const run = findRun(recording.pcm, fed);
		assert.ok(run.exact && run.frames === 24_000, run.summary);
		assert.equal(recording.pieces[0]!.length, 2 * 512 * 3, 'as long as 512 frames at 16000 Hz');
	}
	// A refused attempt costs the child its trust, but only the first round makes one.
	assert.notEqual(pids[0], pids[1]);
	assert.equal(pids[1], pids[2]);

	const playback = await Playback.start(portAudio, request('only48', 44_100));
	assert.deepEqual(playback.output.format, { sampleRate: 48_000, channels: 1 });
	await playback.write(fed);
	await playback.output.end();
	const run = findRun(card.spoken(), fed);
	assert.ok(run.exact && run.frames === 24_000, run.summary);
});

test('a refused number of channels becomes one that the device takes', {
	skip,
	timeout: 60_000,
}, async (t) => {
	const card = await startSoundCard({ rate: 16_000, awkward: true });
	t.after(() => card.stop());
	card.restrict('vmic', { channels: 1 });
	card.restrict('vspk', { channels: 1, rate: 22_050 });
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const input = await portAudio.openInput(request('vmic', 16_000, 2), noInput);
	assert.deepEqual(input.format, { sampleRate: 16_000, channels: 1 });
	await input.close();
	const output = await portAudio.openOutput(request('vspk', 16_000, 2), noOutput);
	assert.deepEqual(output.format, { sampleRate: 22_050, channels: 1 });
	await output.abort();
	await assert.rejects(portAudio.openInput(request('vmic', Number.NaN), noInput), { code: 'AUDIO_FORMAT' });
});

test('a busy device is an error, and opens when it is free', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000, awkward: true });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	const recording = await Recording.start(portAudio, request('default'));
	const playback = await Playback.start(portAudio, request('default'));
	card.setBusy('vmic', true);
	card.setBusy('vspk', true);
	await assert.rejects(portAudio.openInput(request('vmic'), noInput), (error: VoiceError) => {
		assert.equal(error.code, 'MIC_DEVICE_BUSY');
		assert.match(error.message, /"vmic" is in use/);
		return error.retryable;
	});
	await assert.rejects(portAudio.openOutput(request('vspk'), noOutput), { code: 'PLAY_DEVICE_BUSY' });
	card.setBusy('vmic', false);
	card.setBusy('vspk', false);
	const second = await Recording.start(portAudio, request('vmic'));
	await Promise.all([recording.more(1), second.more(1)]);
	await Promise.all([recording.input.close(), second.input.close(), playback.output.abort()]);
});

test('a busy card that vanished from the list is busy, not unknown', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const asoundFolder = join(card.folder, 'asound');
	const substream = (path: string, status: string) => {
		mkdirSync(join(asoundFolder, path), { recursive: true });
		writeFileSync(join(asoundFolder, path, 'status'), status);
	};
	const running = 'state: RUNNING\nowner_pid   : 4711\n';
	substream('card1/pcm0c/sub0', running);
	substream('card1/pcm0p/sub0', 'closed\n');
	substream('card2/pcm0p/sub0', running);
	substream('card2/pcm0p/sub1', 'closed\n');
	const portAudio = portAudioOn(card, { asoundFolder });
	t.after(() => portAudio.endIdleChildren());
	const openInput = (name: string) => portAudio.openInput(request(name), noInput);
	const openOutput = (name: string) => portAudio.openOutput(request(name), noOutput);
	await assert.rejects(openInput('USB Audio: - (hw:1,0)'), { code: 'MIC_DEVICE_BUSY' });
	await assert.rejects(openInput('USB Audio: - (hw:1,1)'), { code: 'MIC_DEVICE_NOT_FOUND' });
	await assert.rejects(openInput('USB Audio: - (hw:3,0)'), { code: 'MIC_DEVICE_NOT_FOUND' });
	await assert.rejects(openOutput('USB Audio: - (hw:1,0)'), { code: 'PLAY_DEVICE_NOT_FOUND' });
	await assert.rejects(openOutput('HDMI: - (hw:2,0)'), { code: 'PLAY_DEVICE_NOT_FOUND' });
	substream('card2/pcm0p/sub1', running);
	await assert.rejects(openOutput('HDMI: - (hw:2,0)'), { code: 'PLAY_DEVICE_BUSY' });
	// Without any device that could be the default: somebody has the only card.
	await card.kill();
	await assert.rejects(openInput(''), { code: 'MIC_DEVICE_BUSY' });
	substream('card1/pcm0c/sub0', 'closed\n');
	await assert.rejects(openInput(''), (error: VoiceError) => {
		assert.equal(error.code, 'MIC_DEVICE_NOT_FOUND');
		assert.match(error.message, /no default microphone: PortAudio finds no microphones/);
		return true;
	});
	await card.restart();
});

test('finds devices that came while others were open', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000, awkward: true });
	t.after(() => card.stop());
	const portAudio = portAudioOn(card);
	t.after(() => portAudio.endIdleChildren());
	card.setBusy('stereo', true);
	const first = await Recording.start(portAudio, request('vmic'));
	card.setBusy('stereo', false);
	card.setBusy('vmic', true);
	const names = (await portAudio.listDevices()).map((device) => device.name);
	assert.ok(names.includes('stereo'), 'sees what came');
	assert.ok(names.includes('vmic'), 'knows what it has open itself');
	const second = await Recording.start(portAudio, request('stereo', 16_000, 2));
	await Promise.all([first.more(1), second.more(1)]);
	await Promise.all([first.input.close(), second.input.close()]);
	await assert.rejects(portAudio.openInput(request('vmic'), noInput), { code: 'MIC_DEVICE_NOT_FOUND' });
});
