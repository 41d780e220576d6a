import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeWav } from '../../lib/audio/wav.ts';
import { startGpio } from '../lab/gpio.ts';
import { needs } from '../lab/needs.ts';
import { type Message, sink, startNodeRed } from '../lab/node-red.ts';
import { findRun, noise } from '../lab/signals.ts';
import { startSoundCard } from '../lab/sound-card.ts';

// A deployment at the worst moment: the button is pressed, the microphone records, the recogniser listens and the
// loudspeaker plays. Everything gets its end, nothing stays behind, and the new flow works.

const RATE = 16_000;
const PIN = 17;
const CHIP = { base: 512, ngpio: 54, label: 'pinctrl-bcm2711' };

const payloadIs = (value: unknown) => (message: Message) => message['payload'] === value;

for (const backend of ['portaudio', 'alsa'])
	describe(`a deployment in the middle of everything, with ${backend}`, {
		skip: needs(
			'pulseaudio',
			'alsa-utils',
			'fuse',
			'mount-namespace',
			'naudiodon',
			'onoff',
			'gcc',
			'python3-pocketsphinx',
		),
	}, () => {
		it('ends the press, the streams and the sound; the devices are free, and the next press works', async () => {
			const card = await startSoundCard({ rate: RATE });
			const gpio = await startGpio({ chips: [CHIP] });
			const flow = (name: string) => [
				{
					id: 'button',
					type: 'button-trigger',
					name,
					backend: 'onoff',
					pin: String(PIN),
					active: 'low',
					pull: 'none',
					wires: [['mic', 'pressed'], []],
				},
				{
					id: 'mic',
					type: 'mic-capture',
					name,
					source: backend,
					device: 'vmic',
					sampleRate: RATE,
					framesPerBuffer: 1024,
					wires: [['stt', 'chunks'], ['recorded']],
				},
				{
					id: 'stt',
					type: 'stt-stream',
					name,
					provider: 'provider',
					wires: [['text'], ['text'], ['session']],
				},
				{ id: 'provider', type: 'stt-provider', provider: 'local', options: '{"engine":"pocketsphinx"}' },
				{ id: 'speaker', type: 'audio-play', name, backend, device: 'vspk', wires: [['played']] },
				...['pressed', 'chunks', 'recorded', 'text', 'session', 'played'].map((id) => sink(id)),
			];
			const nodeRed = await startNodeRed({
				flow: flow('before'),
				env: card.env,
				wrap: (command, args) => gpio.wrap(command, args),
			});
			const ready = (after = 0) =>
				nodeRed.waitForStatus('button', (status) => status.text === 'ready', { after });
			try {
				await ready();
				const fed = noise(RATE * 60);
				const feed = card.feed(fed);
				await nodeRed.send('speaker', {
					payload: encodeWav([noise(RATE * 20, 2)], { sampleRate: RATE, channels: 1 }),
				});
				gpio.set(CHIP.base + PIN, 0);
				await nodeRed.waitFor('stt', payloadIs('open'), { port: 2 });
				await nodeRed.waitFor('mic', (_, index) => index >= 3, { port: 0 });
				await nodeRed.until('sound from the loudspeaker', () =>
					card.spoken().length > 0 ? true : undefined,
				);

				const shown = nodeRed.statuses('button').length;
				await nodeRed.setFlows(flow('after'));
				assert.equal(nodeRed.messages('button', 0).at(-1)?.['payload'], false);
				assert.equal(nodeRed.messages('mic', 0).at(-1)?.['complete'], true);
				assert.equal(nodeRed.messages('mic', 1).length, 1);
				assert.equal(nodeRed.messages('stt', 2).filter(payloadIs('closed')).length, 1);
				const finished = nodeRed.messages('speaker').map((message) => message['playback'] as Message);
				assert.deepEqual(
					finished.map((playback) => playback['interrupted']),
					[true],
				);

				gpio.set(CHIP.base + PIN, 1);
				await ready(shown);
				const before = nodeRed.messages('mic', 0).length;
				await nodeRed.send('mic', { payload: true });
				await nodeRed.waitFor('mic', (_, index) => index >= before + 3, { port: 0 });
				await nodeRed.send('mic', { payload: false });
				const wav = await nodeRed.waitFor('mic', (_, index) => index === 1, { port: 1 });
				const run = findRun((wav['payload'] as Buffer).subarray(44), fed);
				assert.ok(run.exact && run.frames >= 3 * 1024, run.summary);
				await nodeRed.waitFor(
					'stt',
					(_, index) => nodeRed.messages('stt', 2).filter(payloadIs('closed')).length === 2 && index >= 0,
					{ port: 2 },
				);
				feed.stop();
				await nodeRed.setFlows([]);
				await nodeRed.waitForNoChildren();
				assert.deepEqual(nodeRed.errors(), []);
			} finally {
				await nodeRed.stop();
				await gpio.stop();
				await card.stop();
			}
		});
	});
