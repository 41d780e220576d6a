import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, type Message, sink, startNodeRed } from '../lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { PHRASES, speak, wordErrorRate } from '../lab/speech.ts';

// Speech from a sound card to text, with a real recogniser: real PortAudio and real arecord on the virtual microphone.

const RATE = 16_000;
const MAX_WORD_ERROR_RATE = 0.1;

const kinds = (messages: Message[]) =>
	messages.map((message) => (message['transcript'] as { kind: string; stream: string }) ?? {});

for (const source of ['portaudio', 'alsa'])
	describe(`speech to text through ${source}`, {
		skip: needs('pulseaudio', 'alsa-utils', 'naudiodon', 'flite', 'sox', 'python3-pocketsphinx'),
	}, () => {
		let card: SoundCard;
		let nodeRed: LabNodeRed;

		before(async () => {
			card = await startSoundCard({ rate: RATE });
			nodeRed = await startNodeRed({
				env: card.env,
				flow: [
					{
						id: 'provider',
						type: 'stt-provider',
						name: 'local',
						provider: 'local',
						options: '{"engine":"pocketsphinx"}',
					},
					{
						id: 'mic',
						type: 'mic-capture',
						source,
						device: 'vmic',
						sampleRate: RATE,
						framesPerBuffer: 1024,
						wires: [['stt'], []],
					},
					{
						id: 'stt',
						type: 'stt-stream',
						provider: 'provider',
						wires: [['finals'], ['partials'], ['events']],
					},
					...['finals', 'partials', 'events'].map((id) => sink(id)),
				],
			});
		});

		after(async () => {
			await nodeRed?.stop();
			await card?.stop();
		});

		/** Speaks into the microphone while it is open and returns what was recognised. */
		async function recognise(pcm: Buffer): Promise<{ text: string; stream: string }> {
			const streams = nodeRed.messages('stt', 2).filter((event) => event['payload'] === 'closed').length;
			const chunks = nodeRed.messages('mic', 0).length;
			await nodeRed.send('mic', { payload: true });
			await nodeRed.waitFor('mic', (_, index) => index >= chunks, { port: 0 });
			await card.feed(pcm).done;
			await nodeRed.send('mic', { payload: false });
			await nodeRed.waitFor(
				'stt',
				() => nodeRed.messages('stt', 2).filter((event) => event['payload'] === 'closed').length > streams,
				{ port: 2 },
			);
			const closed = nodeRed.messages('stt', 2).findLast((event) => event['payload'] === 'closed');
			const session = closed?.['session'] as { text: string; stream: string; code?: string };
			assert.equal(session.code, undefined);
			return session;
		}

		it(`recognises ${PHRASES.length} phrases with a word error rate of at most ${MAX_WORD_ERROR_RATE * 100} %`, async (t) => {
			const heard: string[] = [];
			for (const phrase of PHRASES) {
				const { text, stream } = await recognise(await speak(phrase, { rate: RATE }));
				heard.push(text);
				const finals = nodeRed.messages('stt', 0).filter((m) => kinds([m])[0]?.stream === stream);
				assert.equal(finals.map((final) => final['payload']).join(' '), text);
				assert.ok(
					nodeRed.messages('stt', 1).some((m) => kinds([m])[0]?.stream === stream),
					`no partial came for "${phrase}"`,
				);
			}
			const rate = wordErrorRate(PHRASES.join(' '), heard.join(' '));
			t.diagnostic(`word error rate ${(rate * 100).toFixed(1)} %`);
			assert.ok(rate <= MAX_WORD_ERROR_RATE, `${(rate * 100).toFixed(1)} %: ${heard.join(' | ')}`);
		});

		it('does not lose the last word when the stop comes with the last sound', async () => {
			const pcm = await speak('turn on the kitchen light', { rate: RATE, tail: 0 });
			const { text } = await recognise(pcm);
			assert.match(text, /light$/);
		});

		it('sends partials before the final of their utterance', () => {
			const partial = kinds(nodeRed.messages('stt', 1));
			const final = kinds(nodeRed.messages('stt', 0));
			assert.ok(partial.length > final.length);
			assert.ok(
				partial.every(({ kind }) => kind === 'partial') && final.every(({ kind }) => kind === 'final'),
			);
		});
	});
