import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGpio, type VirtualGpio } from '../lab/gpio.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, type Message, sink, startNodeRed } from '../lab/node-red.ts';
import { startReferenceMicrophone } from '../lab/reference-microphone.ts';
import { findRun, noise } from '../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';

// Tutorial T1 as a whole, in one Node-RED process: a press on a GPIO line, sound from a sound card, the release,
// the recording, and its playback. Every part but the hardware itself is real.

const RATES = [16_000, 44_100, 48_000];
const FRAMES = 4096;
const CHIP = { base: 569, ngpio: 54, label: 'pinctrl-rp1' };
const FED_SECONDS = 30;
const PRE_ROLL_MS = 600;

interface Lab {
	card: SoundCard;
	gpio: VirtualGpio;
	nodeRed: LabNodeRed;
}

async function withLab(
	rate: number,
	source: string,
	button: { pin: string; active: 'high' | 'low' },
	preRollMs: number,
	test: (lab: Lab) => Promise<void>,
): Promise<void> {
	const card = await startSoundCard({ rate });
	const gpio = await startGpio({ chips: [{ base: 512, ngpio: 57, label: 'brcmstb' }, CHIP] });
	if (button.active === 'high') gpio.set(CHIP.base + Number(button.pin), 0);
	const nodeRed = await startNodeRed({
		flow: [
			{
				id: 'button',
				type: 'button-trigger',
				backend: 'onoff',
				pull: 'none',
				...button,
				wires: [['mic', 'pressed'], []],
			},
			{
				id: 'mic',
				type: 'mic-capture',
				source,
				device: 'vmic',
				sampleRate: rate,
				channels: 1,
				framesPerBuffer: FRAMES,
				preRollMs,
				wires: [['chunks'], ['speaker']],
			},
			{
				id: 'speaker',
				type: 'audio-play',
				backend: source,
				device: 'vspk',
				framesPerBuffer: FRAMES,
				wires: [['played']],
			},
			...['pressed', 'chunks', 'played'].map((id) => sink(id)),
		],
		env: card.env,
		wrap: (command, args) => gpio.wrap(command, args),
	});
	try {
		await nodeRed.waitForStatus('button', (status) => status.text === 'ready');
		await test({ card, gpio, nodeRed });
		assert.deepEqual(nodeRed.errors(), []);
	} finally {
		await nodeRed.stop();
		await gpio.stop();
		await card.stop();
	}
}

const pressed = (value: boolean) => (message: Message) => message['payload'] === value;
const pcmOf = (wav: Message) => (wav['payload'] as Buffer).subarray(44);

/** The chunks of output 1 together are the recording of output 2. */
function assertChunksAre(recording: Buffer, chunks: Message[]): void {
	const payloads = chunks.map((chunk) => chunk['payload'] as Buffer);
	assert.ok(
		Buffer.concat(payloads).equals(recording),
		'the chunks of output 1 are the recording of output 2',
	);
	assert.equal(chunks.at(-1)?.['complete'], true);
}

describe('press, record, release, play (T1)', {
	skip: needs('pulseaudio', 'alsa-utils', 'fuse', 'mount-namespace', 'naudiodon', 'onoff', 'gcc'),
}, () => {
	for (const source of ['portaudio', 'alsa'])
		for (const rate of RATES) {
			// The Grove button of the tutorial; the ReSpeaker button is in the pre-roll tests below.
			it(`${source}, ${rate} Hz: the recording and what is played are the sound, whole and unchanged`, () =>
				withLab(rate, source, { pin: '5', active: 'high' }, 0, async ({ card, gpio, nodeRed }) => {
					const fed = noise(rate * FED_SECONDS, rate);
					const feed = card.feed(fed);
					await sleep(300);
					gpio.set(CHIP.base + 5, 1);
					await nodeRed.waitFor('mic', (_, index) => index >= 4, { port: 0 });
					gpio.set(CHIP.base + 5, 0);
					const wav = await nodeRed.waitFor('mic', undefined, { port: 1 });
					feed.stop();
					const recorded = pcmOf(wav);
					const run = findRun(recorded, fed);
					assert.ok(run.exact && run.frames > 4 * FRAMES, run.summary);
					assert.equal(run.trailingSilence, 0);
					assertChunksAre(recorded, nodeRed.messages('mic', 0));
					const finished = await nodeRed.waitFor('speaker', (message) => message['playback'] !== undefined);
					const spoken = findRun(card.spoken(), recorded);
					assert.ok(spoken.exact && spoken.offset === 0, `played: ${spoken.summary}`);
					assert.equal(spoken.frames, run.frames);
					assert.deepEqual(finished['payload'], wav['payload']);
					assert.deepEqual((finished['playback'] as Message)['interrupted'], false);
				}));

			it(`${source}, ${rate} Hz: with pre-roll the recording begins before the press`, () =>
				withLab(rate, source, { pin: '17', active: 'low' }, PRE_ROLL_MS, async ({ card, gpio, nodeRed }) => {
					const fed = noise(rate * FED_SECONDS, rate + 1);
					await nodeRed.waitForStatus('mic', (status) => /ready/.test(status.text ?? ''));
					const reference = await startReferenceMicrophone(card, rate);
					const feed = card.feed(fed);
					await sleep(PRE_ROLL_MS + 1500);
					const pressAt = performance.now();
					gpio.set(CHIP.base + 17, 0);
					await nodeRed.waitFor('button', pressed(true), { port: 0 });
					const seenAt = performance.now();
					await nodeRed.waitFor('mic', (_, index) => index >= 4, { port: 0 });
					gpio.set(CHIP.base + 17, 1);
					const wav = await nodeRed.waitFor('mic', undefined, { port: 1 });
					feed.stop();
					const run = findRun(pcmOf(wav), fed, { silence: 'refuse' });
					assert.ok(run.exact && run.frames > 4 * FRAMES, run.summary);
					assertChunksAre(pcmOf(wav), nodeRed.messages('mic', 0));
					// When was the first recorded sample at the microphone? On a busy machine the press is seen late,
					// so it lies between the edge on the line and the moment at which this test saw the message.
					const beganAt = await reference.timeOf(fed, run.offset);
					const tolerance = (FRAMES * 1000) / rate + 50;
					assert.ok(
						beganAt > pressAt - PRE_ROLL_MS - tolerance && beganAt < seenAt - PRE_ROLL_MS + tolerance,
						`the recording begins ${Math.round(pressAt - beganAt)} ms before the press, ${PRE_ROLL_MS} asked`,
					);
				}));
		}
});
