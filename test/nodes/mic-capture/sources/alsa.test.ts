import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, afterEach, before, describe, test } from 'node:test';
import type { VoiceError } from '../../../../lib/node/errors.ts';
import { alsa } from '../../../../nodes/mic-capture/sources/alsa.ts';
import { descendants } from '../../../lab/descendants.ts';
import { needs } from '../../../lab/needs.ts';
import { findRun, noise } from '../../../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../../../lab/sound-card.ts';
import { Listener, options } from './listener.ts';

const children = () => descendants(process.pid, 'none').map(({ command }) => command);

const refused = (own: Parameters<typeof options>[0]) =>
	alsa.open(options(own), new Listener()).then(
		() => assert.fail('it opened'),
		(error: VoiceError) => error,
	);

/** Makes the processes that this one starts see a card, until `restore`. */
function adopt(card: SoundCard): () => void {
	const before = { ...process.env };
	Object.assign(process.env, card.env);
	return () => {
		for (const name of Object.keys(card.env)) delete process.env[name];
		Object.assign(process.env, before);
	};
}

for (const rate of [16_000, 44_100, 48_000])
	describe(`arecord at ${rate} Hz`, { skip: needs('pulseaudio', 'alsa-utils') }, () => {
		let card: SoundCard;
		let restore: () => void;
		before(async () => {
			card = await startSoundCard({ rate });
			restore = adopt(card);
		});
		after(async () => {
			restore();
			await card.stop();
		});

		test('captures sample by sample, and leaves nothing behind', async () => {
			const format = { sampleRate: rate, channels: 1 };
			const { heard, capture } = await Listener.open(alsa, { device: 'vmic', format });
			assert.deepEqual(capture.format, format);
			const signal = noise(rate * 2, 7);
			await card.feed(signal).done;
			await heard.has(heard.bytes + rate / 2); // what is still on its way
			heard.closed();
			await capture.close();
			const run = findRun(heard.pcm, signal);
			assert.ok(run.exact && run.frames === rate * 2, run.summary);
			assert.deepEqual(heard.misplaced, []);
			assert.equal(heard.droppedMs, 0);
			assert.deepEqual(
				children().filter((command) => command.includes('arecord')),
				[],
			);
		});
	});

describe('arecord on an awkward card', { skip: needs('pulseaudio', 'alsa-utils', 'gcc') }, () => {
	let card: SoundCard;
	let restore: () => void;
	before(async () => {
		card = await startSoundCard({ rate: 48_000, channels: 2, awkward: true });
		restore = adopt(card);
	});
	after(async () => {
		restore();
		await card.stop();
	});

	test('lists what is there', async () => {
		const names = (await alsa.devices()).map(({ name }) => name);
		assert.ok(names.includes('vmic') && names.includes('default'), names.join());
	});

	test('says that a device is not there, and which ones are', async () => {
		const error = await refused({ device: 'nosuch' });
		assert.equal(error.code, 'MIC_DEVICE_NOT_FOUND');
		assert.match(error.problem, /"nosuch"/);
		assert.match(error.remedy, /vmic/);
		assert.doesNotMatch(error.message, /ALSA lib|Unknown PCM/);
		assert.equal(
			(await refused({ device: 'vmi' })).code,
			'MIC_DEVICE_NOT_FOUND',
			'part of a name is no name',
		);
	});

	test('says that a device is busy, and opens it when it is free', async () => {
		card.setBusy('vmic', true);
		const error = await refused({ device: 'vmic' });
		assert.equal(error.code, 'MIC_DEVICE_BUSY');
		assert.match(error.message, /"vmic"/);
		card.setBusy('vmic', false);
		const { capture } = await Listener.open(alsa, { device: 'vmic' });
		await capture.close();
	});

	test('tells the rate that a device has instead of the one asked for', async () => {
		const { heard, capture } = await Listener.open(alsa, { device: 'only48' });
		assert.deepEqual(capture.format, { sampleRate: 48_000, channels: 1 });
		await heard.has(9600);
		await capture.close();
	});

	test('takes the channels that a device has', async () => {
		const format = { sampleRate: 48_000, channels: 1 };
		const { heard, capture } = await Listener.open(alsa, { device: 'stereo', format });
		assert.deepEqual(capture.format, { sampleRate: 48_000, channels: 2 });
		const signal = noise(48_000, 5, 2);
		await card.feed(signal).done;
		await heard.has(heard.bytes + 96_000);
		await capture.close();
		const run = findRun(heard.pcm, signal, { channels: 2 });
		assert.ok(run.exact && run.frames === 48_000, run.summary);
	});

	test('two at once do not disturb each other', async () => {
		const format = { sampleRate: 48_000, channels: 2 };
		const one = await Listener.open(alsa, { device: 'vmic', format });
		const two = await Listener.open(alsa, { device: 'vmic', format });
		const signal = noise(48_000, 6, 2);
		const feed = card.feed(signal);
		await one.heard.has(96_000);
		await one.capture.close();
		await feed.done;
		await two.heard.has(two.heard.bytes + 96_000);
		await two.capture.close();
		const run = findRun(two.heard.pcm, signal, { channels: 2 });
		assert.ok(run.exact && run.frames === 48_000, run.summary);
	});

	test('reports a sound server that dies while recording, and records when it is back', async () => {
		const { heard, capture } = await Listener.open(alsa, { device: 'vmic' });
		await heard.has(3200);
		await card.kill();
		await heard.isOver();
		assert.equal(heard.error?.code, 'MIC_STALLED');
		assert.match(heard.error.message, /"vmic"/);
		await capture.close();
		const gone = await refused({ device: 'vmic' });
		assert.equal(gone.code, 'MIC_DEVICE_NOT_FOUND');
		assert.match(gone.message, /sound server/);
		await card.restart();
		const again = await Listener.open(alsa, { device: 'vmic' });
		await again.heard.has(3200);
		await again.capture.close();
		assert.deepEqual(heard.misplaced, []);
		assert.deepEqual(
			children().filter((command) => command.includes('arecord')),
			[],
		);
	});
});

/**
 * Some answers need hardware that the lab has not: there, a stand-in for arecord gives them, with texts recorded from
 * arecord 1.2.8.
 */
describe('arecord, played by a stand-in', () => {
	const path = process.env['PATH'];
	let folder: string;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-mic-arecord-'));
	});
	afterEach(() => {
		process.env['PATH'] = path;
	});
	after(() => rm(folder, { recursive: true, force: true }));

	async function standIn(script: string): Promise<void> {
		const file = join(folder, 'arecord');
		await writeFile(file, `#!/bin/sh\n${script}\n`);
		await chmod(file, 0o755);
		process.env['PATH'] = `${folder}:${path}`;
	}

	const setup = (channels: number, rate: number) =>
		`printf 'Its setup is:\\n  channels     : ${channels}\\n  rate         : ${rate}\\n' >&2`;

	test('arecord is not installed', async () => {
		process.env['PATH'] = folder;
		await rm(join(folder, 'arecord'), { force: true });
		for (const attempt of [refused({}), alsa.devices().catch((error: VoiceError) => error)]) {
			const error = (await attempt) as VoiceError;
			assert.equal(error.code, 'MIC_BACKEND_MISSING');
			assert.equal(error.message, 'arecord is not installed: sudo apt install alsa-utils');
		}
	});

	test('a microphone of 32 bits only is decoded', async () => {
		await standIn(`case "$*" in
*--format=S32_LE*--channels=2*) ${setup(2, 48_000)}; printf '\\0\\0\\001\\002\\0\\0\\003\\004'; exec sleep 60;;
*--format=S32_LE*) printf 'CHANNELS: 2\\narecord: set_params:1358: Channels count non available\\n' >&2; exit 1;;
*) printf 'FORMAT:  S32_LE\\nCHANNELS: 2\\narecord: set_params:1352: Sample format non available\\n' >&2; exit 1;;
esac`);
		const { heard, capture } = await Listener.open(alsa, { device: 'hw:1' });
		assert.deepEqual(capture.format, { sampleRate: 48_000, channels: 2 });
		await heard.has(4);
		assert.deepEqual([...heard.pcm], [1, 2, 3, 4]);
		await capture.close();
	});

	test('a device that opens and delivers nothing', async () => {
		await standIn(`${setup(1, 16_000)}; exec sleep 60`);
		const error = await refused({ device: 'hw:1', stallMs: 300 });
		assert.equal(error.code, 'MIC_STALLED');
		assert.match(error.message, /"hw:1".*0\.3 s/);
		assert.deepEqual(
			children().filter((command) => command.includes('sleep 60')),
			[],
		);
	});

	test('a device that stops delivering', async () => {
		await standIn(`${setup(1, 16_000)}; printf 1234; exec sleep 60`);
		const { heard, capture } = await Listener.open(alsa, { device: 'hw:1', stallMs: 500 });
		await heard.isOver();
		assert.equal(heard.error?.code, 'MIC_STALLED');
		heard.closed();
		await capture.close();
		assert.deepEqual(heard.misplaced, []);
		assert.deepEqual(
			children().filter((command) => command.includes('sleep 60')),
			[],
		);
	});

	test('a device that hangs in its driver is let go all the same', async () => {
		await standIn(`trap '' TERM INT; ${setup(1, 16_000)}; printf 1234; while :; do sleep 0.1; done`);
		const { capture } = await Listener.open(alsa, {});
		await capture.close();
		assert.deepEqual(
			children().filter((command) => command.includes(folder)),
			[],
		);
	});

	test('a card that throws audio away says how much', async () => {
		await standIn(`${setup(1, 16_000)}; printf 1234; sleep 0.1
printf 'overrun!!! (at least 12.5 ms long)\\noverrun!!! (at least 7.5 ms' >&2; sleep 0.1; printf ' long)\\n' >&2
sleep 0.1; printf 5678; exec sleep 60`);
		const { heard, capture } = await Listener.open(alsa, {});
		await heard.has(8);
		assert.equal(heard.droppedMs, 20);
		await capture.close();
	});

	test("ALSA's null device is refused: it would flood the flow", async () => {
		await standIn(`printf 'Null PCM\\n' >&2; ${setup(1, 16_000)}; exec cat /dev/zero`);
		const error = await refused({ device: 'null' });
		assert.equal(error.code, 'MIC_FORMAT');
		assert.match(error.message, /"null"/);
	});

	test('what it is asked for', async () => {
		await standIn(`[ "$1" = -L ] || printf '%s\\n' "$@" > ${folder}/arguments; exit 1`);
		await refused({ device: 'plughw:CARD=Device,DEV=0', format: { sampleRate: 44_100, channels: 2 } });
		const asked = (await readFile(join(folder, 'arguments'), 'utf8')).split('\n');
		for (const argument of [
			'--device=plughw:CARD=Device,DEV=0',
			'--rate=44100',
			'--channels=2',
			'--format=S16_LE',
			'--file-type=raw',
		])
			assert.ok(asked.includes(argument), argument);
	});
});
