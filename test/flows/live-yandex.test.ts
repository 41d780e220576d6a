import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { decodeWav } from '../../lib/audio/wav.ts';
import { needs } from '../lab/needs.ts';
import { numberedAudio, numberedText } from '../lab/recognisers/numbered-audio.ts';
import { type LoopbackYandex, startYandex } from '../lab/recognisers/yandex.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { tls, VendorFlow } from './vendor-flow.ts';

type Model = Record<string, Record<string, unknown>>;

const RATE = 8000;
const SECONDS = 30;
const WORDS = 250;

describe('the flow live-yandex, from the sound card to text and file', {
	skip: needs('pulseaudio', 'alsa-utils'),
}, () => {
	let card: SoundCard;
	let recogniser: LoopbackYandex;
	before(async () => {
		card = await startSoundCard({ rate: RATE });
		recogniser = await startYandex({ tls, turnWords: 20 });
	});
	after(async () => {
		await recogniser?.stop();
		await card?.stop();
	});

	const file = () => join(card.folder, 'audio.wav');
	beforeEach(() => rmSync(file(), { force: true }));

	/** The file, once it is as long as the recording that left the microphone. */
	async function savedWav(flow: VendorFlow): Promise<Buffer> {
		const { payload } = await flow.nodeRed.waitFor(flow.id('mic'), () => true, { port: 1 });
		await flow.nodeRed.waitFor(flow.id('save'));
		const bytes = readFileSync(file());
		assert.deepEqual(bytes, payload);
		return bytes;
	}

	const start = (apiKey: string, env: Record<string, string> = {}) =>
		VendorFlow.start('live-yandex', card, recogniser.endpoint, { apiKey, env });

	it('30 seconds of speech: text, refinements, events, and the same sound in audio.wav', async () => {
		const flow = await start(`\${YANDEX_API_KEY}`, { YANDEX_API_KEY: recogniser.apiKey });
		try {
			const spoken = numberedAudio(WORDS, RATE);
			await flow.click('start');
			await flow.nodeRed.waitFor(flow.id('mic'));
			const fed = card.feed(spoken);
			const { code, text, audioMs } = await flow.closed(90_000);
			await fed.done;
			assert.deepEqual([code, audioMs], [undefined, SECONDS * 1000]);
			assert.equal(text.replaceAll('.', ''), numberedText(WORDS), 'refined: with full stops');

			const [record, ...more] = recogniser.records;
			assert.equal(more.length, 0, 'one call');
			assert.equal(record?.headers.authorization, `Api-Key ${recogniser.apiKey}`);
			const asked = record?.controls[0]?.message as { recognition_model: Model } | undefined;
			const model: Model = asked?.recognition_model ?? {};
			const { raw_audio } = model['audio_format'] as Model;
			assert.deepEqual(
				{ ...raw_audio },
				{ audio_encoding: 'LINEAR16_PCM', sample_rate_hertz: RATE, audio_channel_count: 1 },
			);
			const { text_normalization, profanity_filter, literature_text } = model['text_normalization'] ?? {};
			assert.deepEqual(
				[text_normalization, profanity_filter, literature_text],
				['TEXT_NORMALIZATION_ENABLED', true, false],
			);
			const { restriction_type, language_code } = model['language_restriction'] ?? {};
			assert.deepEqual([restriction_type, language_code], ['WHITELIST', ['ru-RU']]);
			assert.equal(model['audio_processing_type'], 'REAL_TIME');

			const chunks = flow.messages('mic');
			assert.ok(chunks.slice(0, -1).every(({ payload }) => (payload as Buffer).length === 4096 * 2));
			const heard = flow.heard();
			assert.equal(heard.length, RATE * SECONDS * 2);
			assert.deepEqual(record?.audio(), heard);
			assert.ok(heard.includes(spoken), 'what was fed to the card, sample for sample');

			assert.deepEqual(new Set(flow.kinds(0)), new Set(['final', 'refined']));
			const turns = flow.turns();
			assert.ok(turns.length >= WORDS / 20, 'partials, then the final and the refined one, turn after turn');
			assert.deepEqual(
				turns,
				turns.map((_, turn) => turn),
			);
			for (const turn of turns) assert.deepEqual(flow.kinds(0, turn), ['final', 'refined'], `turn ${turn}`);
			const events = new Set(flow.messages('stt', 2).map(({ payload }) => payload));
			for (const name of ['open', 'end-of-utterance', 'status', 'closed']) assert.ok(events.has(name), name);

			const wav = await savedWav(flow);
			assert.deepEqual(decodeWav(wav), {
				format: { sampleRate: RATE, channels: 1 },
				pcm: heard,
				truncated: false,
			});
			assert.deepEqual(flow.nodeRed.errors(), []);
		} finally {
			await flow.nodeRed.stop();
		}
	});

	it('a wrong key: one call, the reason at the Catch node and in the status; the recording is saved', async () => {
		recogniser.records.length = 0;
		const flow = await start('not-the-key');
		try {
			await flow.click('start');
			const failure = await flow.nodeRed.waitForError(flow.id('stt'));
			assert.equal(failure.code, 'STT_AUTH');
			assert.equal((await flow.closed()).code, 'STT_AUTH');
			await flow.nodeRed.waitForStatus(flow.id('stt'), ({ fill }) => fill === 'red');
			assert.equal(recogniser.records.length, 1);
			await flow.click('stop');
			assert.deepEqual(decodeWav(await savedWav(flow)).pcm, flow.heard());
		} finally {
			await flow.nodeRed.stop();
		}
	});
});
