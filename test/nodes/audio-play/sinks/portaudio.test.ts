import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VoiceError } from '../../../../lib/node/errors.ts';
import { endIdleChildren } from '../../../../lib/portaudio/client.ts';
import { firstInstalled } from '../../../../nodes/audio-play/sinks/auto.ts';
import { sinkBackend } from '../../../../nodes/audio-play/sinks/index.ts';
import { portaudioBackend } from '../../../../nodes/audio-play/sinks/portaudio.ts';
import { needs } from '../../../lab/needs.ts';
import { findRun, noise } from '../../../lab/signals.ts';
import { openSink } from './sink-events.ts';
import { useSoundCard } from './sound-card-env.ts';

const mono = (sampleRate: number) => ({ sampleRate, channels: 1 });

for (const rate of [16_000, 44_100, 48_000])
	describe(`PortAudio at ${rate} Hz`, { skip: needs('pulseaudio', 'naudiodon') }, () => {
		const card = useSoundCard({ rate });
		after(endIdleChildren);

		it('plays every sample, unchanged and in order', async () => {
			const pcm = noise(rate * 2);
			const { sink, feed, wasLost } = await openSink(portaudioBackend, mono(rate), { device: 'vspk' });
			assert.deepEqual(sink.format, mono(rate));
			await feed(pcm);
			await sink.end();
			const run = findRun(card().spoken(), pcm);
			assert.ok(run.exact && run.frames === rate * 2, run.summary);
			assert.equal(wasLost(), false);
		});
	});

describe('PortAudio', { skip: needs('pulseaudio', 'naudiodon', 'alsa-utils') }, () => {
	const card = useSoundCard({ rate: 16_000 });
	after(endIdleChildren);

	it('counts a gap, and none for a pause', async (t) => {
		const { sink, feed, underruns } = await openSink(portaudioBackend, mono(16_000), { device: 'vspk' });
		// A test that fails must not leave its sound to the next one, nor its child process to the end.
		t.after(() => sink.abort());
		await feed(noise(20_000));
		while (underruns() === 0) await sleep(20);
		await feed(noise(20_000));
		sink.pause();
		const before = underruns();
		await sleep(3000);
		assert.equal(underruns(), before);
	});

	it('tells how much it wants at once, and what has not been heard', async (t) => {
		const { sink } = await openSink(portaudioBackend, mono(16_000), { device: 'vspk' });
		t.after(() => sink.abort());
		assert.equal(sink.startMs, (3 * 4096) / 16);
		sink.write(noise(16_000));
		assert.ok(sink.queuedBytes > 0 && sink.queuedBytes <= 32_000, `${sink.queuedBytes}`);
		while (sink.queuedBytes > 32_000 - 2 * 3200) await sleep(10);
	});

	it('lists the devices that play', async () => {
		const names = (await portaudioBackend.devices()).map(({ name }) => name);
		assert.ok(names.includes('vspk'), names.join());
		assert.ok(!names.includes('vmic'), names.join());
	});

	it('auto takes PortAudio, and does not hide its failures behind aplay', async () => {
		const open = openSink(sinkBackend('auto'), mono(16_000), { device: 'nosuch' });
		await assert.rejects(open, (error: VoiceError) => {
			assert.equal(error.code, 'PLAY_DEVICE_NOT_FOUND');
			assert.match(error.message, /vspk/);
			return true;
		});
		card().clearSpoken();
		const { sink, feed } = await openSink(sinkBackend('auto'), mono(16_000), { device: 'vspk' });
		assert.ok(sink.startMs, 'aplay wants nothing at once');
		await feed(noise(8000));
		await sink.end();
		assert.ok(findRun(card().spoken(), noise(8000)).exact);
	});

	it('auto takes aplay where naudiodon is missing, and says what to install where both are', async () => {
		await endIdleChildren();
		const path = process.env['PATH'];
		process.env['VOICE_NAUDIODON'] = '/nonexistent';
		try {
			await assert.rejects(openSink(portaudioBackend, mono(16_000)), { code: 'PLAY_BACKEND_MISSING' });
			card().clearSpoken();
			const { sink, feed } = await openSink(sinkBackend('auto'), mono(16_000), { device: 'vspk' });
			await feed(noise(8000));
			await sink.end();
			assert.ok(findRun(card().spoken(), noise(8000)).exact);
			assert.ok((await sinkBackend('auto').devices()).some(({ name }) => name === 'vspk'));
			await endIdleChildren();
			process.env['PATH'] = '/nonexistent';
			await assert.rejects(openSink(sinkBackend('auto'), mono(16_000)), (error: VoiceError) => {
				assert.equal(error.code, 'PLAY_BACKEND_MISSING');
				assert.match(error.message, /naudiodon.*aplay is not installed: sudo apt install alsa-utils$/);
				return true;
			});
		} finally {
			process.env['PATH'] = path;
			delete process.env['VOICE_NAUDIODON'];
			await endIdleChildren();
		}
	});
});

describe('firstInstalled', () => {
	it('fails without backends', async () => {
		await assert.rejects(firstInstalled([]).devices(), { code: 'PLAY_BACKEND_MISSING' });
	});
});
