import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../../../lib/node/errors.ts';
import { alsaBackend } from '../../../../nodes/audio-play/sinks/alsa.ts';
import { needs } from '../../../lab/needs.ts';
import { findRun, noise } from '../../../lab/signals.ts';
import { openSink } from './sink-events.ts';
import { useSoundCard } from './sound-card-env.ts';

const mono = (sampleRate: number) => ({ sampleRate, channels: 1 });

const failsWith =
	(code: ErrorCode, ...words: RegExp[]) =>
	(error: Error & { code?: string }) => {
		assert.equal(error.code, code, error.message);
		for (const word of words) assert.match(error.message, word);
		return true;
	};

/** Commands of the children, and theirs, that this process has now, without the sound server. */
function childCommands(): string[] {
	const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	const stat = (pid: string): string[] => {
		try {
			return readFileSync(`/proc/${pid}/stat`, 'latin1')
				.replace(/\(.*\)/, 'x')
				.split(' ');
		} catch {
			return [];
		}
	};
	const parents = new Map(pids.map((pid) => [pid, stat(pid)[3]]));
	const isOurs = (pid: string | undefined): boolean =>
		pid !== undefined && (parents.get(pid) === String(process.pid) || isOurs(parents.get(pid)));
	return pids
		.filter((pid) => isOurs(pid))
		.map((pid) => {
			try {
				return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
			} catch {
				return '';
			}
		})
		.filter((command) => command !== '' && !command.includes('pulseaudio'));
}

for (const rate of [16_000, 44_100, 48_000])
	describe(`aplay at ${rate} Hz`, { skip: needs('pulseaudio', 'alsa-utils') }, () => {
		const card = useSoundCard({ rate });

		it('plays every sample, unchanged and in order', async () => {
			const pcm = noise(rate * 2);
			const { sink, feed, wasLost } = await openSink(alsaBackend(), mono(rate), { device: 'vspk' });
			assert.deepEqual(sink.format, mono(rate));
			await feed(pcm);
			await sink.end();
			const run = findRun(card().spoken(), pcm);
			assert.ok(run.exact && run.frames === rate * 2, run.summary);
			assert.equal(wasLost(), false);
			assert.deepEqual(childCommands(), []);
		});
	});

describe('aplay', { skip: needs('pulseaudio', 'alsa-utils', 'gcc') }, () => {
	const card = useSoundCard({ rate: 16_000, awkward: true });

	it('plays on the default device when none is named', async () => {
		card().clearSpoken();
		const pcm = noise(4000, 5);
		const { sink, feed } = await openSink(alsaBackend(), mono(16_000));
		await feed(pcm);
		await sink.end();
		const run = findRun(card().spoken(), pcm);
		assert.ok(run.exact && run.frames === 4000, run.summary);
	});

	it('is heard for as long as the sound lasts: end() does not come before', async () => {
		const started = performance.now();
		const { sink, feed } = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		await feed(noise(24_000));
		await sink.end();
		assert.ok(performance.now() - started >= 1500);
	});

	it('keeps little sound under way, so that pause and volume act soon', async () => {
		const { sink } = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		let bytes = 0;
		while (sink.write(noise(800))) bytes += 1600;
		assert.ok(bytes < 32_000, `${bytes} bytes were taken at once`);
		assert.ok(sink.queuedBytes <= bytes + 1600);
		await sink.abort();
	});

	it('tells the rate of a device that has another', async () => {
		card().clearSpoken();
		const { sink, feed } = await openSink(alsaBackend(), mono(16_000), { device: 'only48' });
		assert.deepEqual(sink.format, mono(48_000));
		const pcm = noise(48_000);
		await feed(pcm);
		await sink.end();
		const [stream] = card().spokenStreams();
		assert.equal(stream?.rate, 48_000);
		assert.ok(findRun(stream!.data, pcm).exact);
	});

	it('tells the channels of a device that has others', async () => {
		for (const channels of [1, 6]) {
			const { sink } = await openSink(alsaBackend(), { sampleRate: 16_000, channels }, { device: 'stereo' });
			assert.deepEqual(sink.format, { sampleRate: 16_000, channels: 2 });
			await sink.abort();
		}
	});

	it('names the devices that there are when one is unknown', async () => {
		const open = openSink(alsaBackend(), mono(16_000), { device: 'nosuch' });
		await assert.rejects(open, failsWith('PLAY_DEVICE_NOT_FOUND', /"nosuch" does not exist/, /vspk/));
	});

	it('takes a device name as a name, never as an option', async () => {
		const open = openSink(alsaBackend(), mono(16_000), { device: '--version' });
		await assert.rejects(open, failsWith('PLAY_DEVICE_NOT_FOUND', /--version/));
	});

	it('tells that the device is busy, and opens it when it is free', async () => {
		card().setBusy('vspk', true);
		const open = () => openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		await assert.rejects(open, failsWith('PLAY_DEVICE_BUSY', /"vspk" is in use/));
		card().setBusy('vspk', false);
		const { sink } = await open();
		await sink.abort();
	});

	it('is silent soon after abort, and leaves no process', async () => {
		const { sink, feed } = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		await feed(noise(16_000));
		await sink.abort();
		assert.deepEqual(childCommands(), []);
	});

	it('counts a gap once, and none for a pause', async () => {
		const { sink, feed, underruns } = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		await feed(noise(4000));
		while (underruns() === 0) await sleep(20);
		await sleep(500);
		assert.equal(underruns(), 1);
		await feed(noise(4000));
		sink.pause();
		await sleep(1000);
		assert.equal(underruns(), 1);
		await feed(noise(4000));
		await sink.end();
		assert.equal(underruns(), 1);
	});

	it('tells when the device vanishes while it plays, and plays again when it is back', async () => {
		const { sink, feed, lost } = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		const feeding = feed(noise(16_000 * 30));
		await sleep(300);
		await card().kill();
		failsWith('PLAY_STALLED', /"vspk" stopped playing/, /connected/)(await lost);
		await feeding;
		await sink.abort();
		assert.deepEqual(childCommands(), []);
		const away = openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		await assert.rejects(away, failsWith('PLAY_DEVICE_NOT_FOUND', /sound server does not answer/));
		await card().restart();
		card().clearSpoken();
		const pcm = noise(8000, 9);
		const again = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		await again.feed(pcm);
		await again.sink.end();
		assert.ok(findRun(card().spoken(), pcm).exact);
	});

	it('tells when the device vanishes while the last sound leaves', async () => {
		const { sink } = await openSink(alsaBackend(), mono(16_000), { device: 'vspk' });
		sink.write(noise(16_000 * 5));
		// Listened to from the start: it may fail before the sound server has gone altogether.
		const told = assert.rejects(sink.end(), failsWith('PLAY_STALLED'));
		await card().kill();
		await told;
		await card().restart();
	});

	it('lists the devices', async () => {
		const devices = await alsaBackend().devices();
		assert.deepEqual(devices.map(({ name }) => name).sort(), ['default', 'only48', 'stereo', 'vmic', 'vspk']);
		assert.equal(devices.find(({ name }) => name === 'vspk')?.description, 'Virtual vspk');
	});
});

describe('aplay that is missing or hangs', () => {
	let folder: string;
	const path = process.env['PATH'];
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'voice-aplay-'));
	});
	after(() => {
		process.env['PATH'] = path;
		rmSync(folder, { recursive: true });
	});

	/** A stand-in for aplay that says it has opened the device, and then does as told. */
	function standIn(script: string): void {
		const setup = 'Its setup is:\\n  channels     : 1\\n  rate         : 16000\\n  buffer_size  : 4800\\n';
		writeFileSync(join(folder, 'aplay'), `#!/bin/sh\nprintf '${setup}' >&2\n${script}\n`);
		chmodSync(join(folder, 'aplay'), 0o755);
		process.env['PATH'] = `${folder}:${path}`;
	}

	it('says how to install it', async () => {
		process.env['PATH'] = folder;
		const missing = failsWith(
			'PLAY_BACKEND_MISSING',
			/^aplay is not installed: sudo apt install alsa-utils$/,
		);
		await assert.rejects(openSink(alsaBackend(), mono(16_000)), missing);
		await assert.rejects(alsaBackend().devices(), missing);
	});

	it('does not believe that sound was heard in less time than it lasts (stand-in executable)', async () => {
		standIn('exit 0');
		const { sink } = await openSink(alsaBackend(), mono(16_000));
		sink.write(noise(16_000 * 5));
		await assert.rejects(sink.end(), failsWith('PLAY_STALLED', /ended too early/));
		standIn('printf "Slave: Null PCM\\n" >&2');
		const nowhere = await openSink(alsaBackend(), mono(16_000));
		nowhere.sink.write(noise(16_000 * 5));
		await nowhere.sink.end();
	});

	it('gives up on a device that takes no sound (stand-in executable)', async () => {
		standIn('exec sleep 600');
		const { sink, feed, lost } = await openSink(alsaBackend(300), mono(16_000));
		const feeding = feed(noise(16_000 * 60));
		failsWith('PLAY_STALLED', /takes no more sound/)(await lost);
		await feeding;
		await sink.abort();
		assert.deepEqual(childCommands(), []);
	});

	it('gives up on a device that does not play its last sound (stand-in executable)', async () => {
		standIn('trap "" TERM\nwhile :; do sleep 1; done');
		const { sink, feed } = await openSink(alsaBackend(300), mono(16_000));
		await feed(noise(1600));
		await assert.rejects(sink.end(), failsWith('PLAY_STALLED', /did not play its last sound/));
		assert.deepEqual(childCommands(), []);
	});

	it('ends one that does not end by itself on abort (stand-in executable)', async () => {
		standIn('trap "" TERM\nwhile :; do sleep 1; done');
		const { sink } = await openSink(alsaBackend(), mono(16_000));
		await sink.abort();
		assert.deepEqual(childCommands(), []);
	});
});
