import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { encodeWav } from '../../../lib/audio/wav.ts';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import { needs } from '../../lab/needs.ts';
import { type LabNodeRed, sink, startNodeRed } from '../../lab/node-red.ts';
import { findRun, noise, noiseAt, silence } from '../../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../../lab/sound-card.ts';
import { PHRASES, speak } from '../../lab/speech.ts';

// Somebody speaks five times into a sound card; two microphones listen to it by themselves.

const RATE = 16_000;
const SOURCES = ['alsa', 'portaudio'] as const;
const SPOKEN = PHRASES.slice(0, 5);
const PAUSE_MS = 1100;
const PREROLL_MS = 300;
const SILENCE_MS = 600;
const frames = (ms: number) => (ms * RATE) / 1000;

/** The phrases with pauses around them in a room that is never quite silent, and where each of them lies. */
async function speech(): Promise<{ sound: Buffer; phrases: { from: number; to: number }[] }> {
	const pause = Buffer.alloc(frames(PAUSE_MS) * 2);
	const phrases: { from: number; to: number }[] = [];
	let said = pause;
	for (const phrase of SPOKEN) {
		const words = await speak(phrase, { rate: RATE, lead: 0, tail: 0 });
		phrases.push({ from: said.length / 2, to: (said.length + words.length) / 2 });
		said = Buffer.concat([said, words, pause]);
	}
	// A room whose sound never repeats: each stream can be found in it.
	const sound = noiseAt(-70, said.length / 2, 5);
	for (let at = 0; at < sound.length; at += 2) {
		const sum = sound.readInt16LE(at) + said.readInt16LE(at);
		sound.writeInt16LE(Math.max(-32_768, Math.min(32_767, sum)), at);
	}
	return { sound, phrases };
}

describe('hands-free on a sound card', {
	skip: needs('pulseaudio', 'alsa-utils', 'naudiodon', 'flite', 'sox'),
}, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;

	before(async () => {
		card = await startSoundCard({ rate: RATE });
		nodeRed = await startNodeRed({
			env: card.env,
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				...SOURCES.map((source) => ({
					id: source,
					type: 'mic-capture',
					z: 'tab',
					source,
					device: 'vmic',
					trigger: 'speech',
					sampleRate: RATE,
					framesPerBuffer: 1024,
					preRollMs: PREROLL_MS,
					silenceStopMs: SILENCE_MS,
					wires: [['sink'], ['sink']],
				})),
			],
		});
	});
	after(async () => {
		await nodeRed?.stop();
		await card?.stop();
	});

	test('five phrases are five streams, whole and unchanged', async () => {
		for (const source of SOURCES)
			await nodeRed.waitForStatus(source, ({ text }) => text === 'waiting for speech');
		const { sound, phrases } = await speech();
		await card.feed(sound).done;
		for (const source of SOURCES) {
			await nodeRed.waitFor(source, (_, index) => index === phrases.length - 1, { port: 1 });
			const recordings = nodeRed.messages(source, 1) as unknown as RecordingMessage[];
			assert.equal(recordings.length, phrases.length, source);
			const chunks = nodeRed.messages(source, 0) as unknown as AudioChunkMessage[];
			let before = 0;
			for (const [index, { from, to }] of phrases.entries()) {
				const { payload, stream } = recordings[index] as RecordingMessage;
				const run = findRun(payload.subarray(44), sound, { silence: 'refuse' });
				const what = `${source}, phrase ${index + 1} (${from} to ${to}): ${run.summary}`;
				assert.ok(run.exact, what);
				assert.ok(run.offset >= before, `${what}: a sample is in two streams`);
				before = run.offset + run.frames;
				assert.ok(run.offset <= from && before >= to, `${what}: clipped`);
				// Neither all of the pauses: less than a step of 20 ms and a quiet beginning more than the pre-roll.
				assert.ok(from - run.offset <= frames(PREROLL_MS + 20), `${what}: began too early`);
				assert.ok(before - to <= frames(SILENCE_MS + 20), `${what}: ended too late`);
				const own = chunks.filter(({ parts }) => parts.id === stream);
				assert.deepEqual(Buffer.concat(own.map(({ payload }) => payload)), payload.subarray(44), what);
				assert.deepEqual([own.at(-1)?.complete, own.at(-1)?.audio.ended], [true, 'silence'], what);
			}
		}
		assert.deepEqual(nodeRed.errors(), []);
	});
});

describe('hands-free beside a loudspeaker', { skip: needs('pulseaudio', 'alsa-utils', 'naudiodon') }, () => {
	for (const backend of SOURCES)
		test(`hears nothing of it with ${backend}, also not after a pause or a deployment`, async () => {
			const card = await startSoundCard({ rate: RATE, echo: true });
			const listener = [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				{
					...{ id: 'mic', type: 'mic-capture', z: 'tab', source: 'alsa', device: 'vmic' },
					...{ trigger: 'speech', muteWhilePlaying: true, sampleRate: RATE, silenceStopMs: SILENCE_MS },
					wires: [['sink'], ['sink']],
				},
			];
			const player = { id: 'play', type: 'audio-play', z: 'tab', backend, device: 'vspk', wires: [['sink']] };
			const nodeRed = await startNodeRed({ env: card.env, flow: [...listener, player] });
			const sounds = async (ms: number) => {
				const before = card.spoken().length;
				await nodeRed.until('sound', () => card.spoken().length > before + frames(ms) * 2 || undefined);
			};
			try {
				await nodeRed.waitForStatus('mic', ({ text }) => text === 'waiting for speech');
				const wav = encodeWav([noise(frames(3000))], { sampleRate: RATE, channels: 1 });
				for (let pauses = 0; pauses < 2; pauses++) {
					await nodeRed.send('play', { payload: pauses ? 'resume' : wav });
					await sounds(1000);
					await nodeRed.send('play', { payload: 'pause' });
					// Longer than the echo and what the device has.
					await card.feed(silence(frames(1500))).done;
				}
				await nodeRed.send('play', { payload: 'resume' });
				await nodeRed.waitFor('play');
				// A player that a deployment removes does not mute it for ever.
				await nodeRed.send('play', { payload: wav });
				await sounds(100);
				await nodeRed.setFlows(listener, { type: 'nodes' });
				await card.feed(silence(frames(1000))).done;
				assert.equal(nodeRed.messages('mic', 0).length, 0, 'it heard the loudspeaker');
				await card.feed(Buffer.concat([noise(frames(500), 2), silence(frames(1200))])).done;
				await nodeRed.waitFor('mic', ({ complete }) => complete === true);
				assert.deepEqual(nodeRed.errors(), []);
			} finally {
				await nodeRed.stop();
				await card.stop();
			}
		});
});
