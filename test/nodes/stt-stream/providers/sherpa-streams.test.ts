import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { noise } from '../../../lab/signals.ts';
import { TONES, toneSpeech, type Word } from '../../../lab/toy-models/tones.ts';
import { beginStream, type Outcome, RATE, SAFETY_MS, silence } from '../helpers.ts';
import { hear, nothingLeft, sherpaProvider, sherpas, ToyModels } from './sherpa-lab.ts';

// The real sherpa-onnx on toy models that take tones for words: no test of speech recognition.

const options = { timeout: SAFETY_MS };
const WORDS = Object.keys(TONES) as Word[];

describe('sherpa-onnx: streams', { skip: needs('sherpa-onnx') }, () => {
	const models = new ToyModels();
	const transducer = models.transducer();
	after(async () => {
		await nothingLeft();
		models.remove();
	});

	const KINDS = {
		'transducer, greedy search': sherpaProvider(transducer),
		'transducer, beam search': sherpaProvider(transducer, { decodingMethod: 'modified_beam_search' }),
		CTC: sherpaProvider(models.ctc()),
	};

	/** Silence at the rate; `sampleRate` samples are a second. */
	const quiet = (ms: number, sampleRate: number) => Buffer.alloc(Math.round((ms * sampleRate) / 1000) * 2);

	async function throughSession(
		provider: SttProvider,
		pcm: Buffer,
		sampleRate: number,
		chunkMs: number,
	): Promise<Outcome> {
		const { session, outcome } = beginStream(provider, { format: { sampleRate, channels: 1 } });
		const size = Math.round((sampleRate * chunkMs) / 1000) * 2;
		for (let at = 0; at < pcm.length; at += size) session.write(pcm.subarray(at, at + size));
		session.end();
		assert.equal((await outcome.closed).code, undefined);
		return outcome;
	}

	for (const [name, provider] of Object.entries(KINDS))
		for (const sampleRate of [8000, 16_000, 44_100, 48_000])
			it(`gives the same, however the audio is cut: ${name}, ${sampleRate} Hz`, options, async () => {
				const pcm = Buffer.concat([
					quiet(500, sampleRate),
					toneSpeech('ONE TWO FOUR', { sampleRate }),
					quiet(1000, sampleRate),
					toneSpeech('SEVEN THREE', { sampleRate }),
					quiet(300, sampleRate),
				]);
				const outcomes: Outcome[] = [];
				for (const chunkMs of [20, 64, 100, 730])
					outcomes.push(await throughSession(provider, pcm, sampleRate, chunkMs));
				const finals = outcomes.map(({ transcripts }) => transcripts.filter(({ kind }) => kind === 'final'));
				const [first = []] = finals;
				// SEVEN is 3200 Hz, which 8 kHz can just carry.
				assert.deepEqual(
					first.map(({ text }) => text),
					['ONE TWO FOUR', 'SEVEN THREE'],
				);
				for (const other of finals) assert.deepEqual(other, first);
				for (const [index, begin] of [500, 2600].entries()) {
					const { startMs = 0, endMs = 0, words = [] } = first[index] ?? {};
					assert.ok(Math.abs(startMs - begin) <= 60, `${startMs} for ${begin}`);
					const end = begin + words.length * 400 - 100;
					assert.ok(Math.abs(endMs - end) <= 100, `${endMs} for ${end}`);
					for (const [number, word] of words.entries())
						assert.ok(Math.abs(word.startMs - begin - 400 * number) <= 60, JSON.stringify(word));
				}
				for (const { order, transcripts } of outcomes) {
					const kinds = order.filter((kind) => kind === 'partial' || kind === 'final');
					assert.equal(kinds[0], 'partial');
					assert.equal(kinds[kinds.indexOf('final') + 1], 'partial');
					// A partial is a beginning of what the final says.
					let waiting: string[] = [];
					for (const { kind, text } of transcripts) {
						if (kind === 'partial') waiting.push(text);
						else {
							for (const partial of waiting) assert.ok(text.startsWith(partial), `${partial} before ${text}`);
							waiting = [];
						}
					}
				}
			});

	it(
		'finds a pause that ends within a piece of audio, before the words that follow in it',
		options,
		async () => {
			for (const provider of Object.values(KINDS))
				for (let pauseMs = 480; pauseMs <= 960; pauseMs += 80) {
					const pcm = Buffer.concat([toneSpeech('ONE'), silence(pauseMs), toneSpeech('TWO'), silence(700)]);
					const [fine, coarse] = await Promise.all(
						[20, 500].map(async (ms) =>
							(await hear(provider, pcm, ms)).results('final').map(({ text }) => text),
						),
					);
					assert.deepEqual(coarse, fine, `a pause of ${pauseMs} ms`);
					if (pauseMs >= 800) assert.deepEqual(fine, ['ONE', 'TWO']);
				}
		},
	);

	it('understands every word; silence, hiss and loudness change nothing', options, async () => {
		const provider = KINDS.CTC;
		assert.equal((await hear(provider, toneSpeech(WORDS.join(' ')))).text, WORDS.join(' '));
		for (const amplitude of [100, 1000, 30_000])
			assert.equal((await hear(provider, toneSpeech('FIVE ZERO', { amplitude }))).text, 'FIVE ZERO');
		assert.equal((await hear(provider, noise(3 * RATE))).text, '');
		assert.equal((await hear(provider, silence(3000))).text, '');
	});

	it('tells confidence, words and language only where it knows them', options, async () => {
		const pcm = toneSpeech('SIX TWO');
		const [sure] = (await hear(KINDS['transducer, greedy search'], pcm, 64, { language: 'en-US' })).results(
			'final',
		);
		assert.ok(sure?.confidence !== undefined && sure.confidence > 0.5 && sure.confidence <= 1);
		assert.ok(sure.words?.every(({ confidence = 0 }) => confidence > 0.5 && confidence <= 1));
		assert.equal(sure.language, 'en-US');
		const [plain] = (await hear(KINDS.CTC, pcm)).results('final');
		assert.equal(plain?.text, 'SIX TWO');
		assert.ok(plain && !('confidence' in plain) && !('language' in plain));
		assert.ok(plain.words?.every((word) => !('confidence' in word)));
	});

	it('sends no partials that nobody wants', options, async () => {
		const heard = await hear(KINDS.CTC, toneSpeech('ONE TWO'), 64, { partials: false });
		assert.deepEqual(
			heard.events.map(({ type }) => type).filter((type) => type !== 'drain'),
			['speech-started', 'final', 'end-of-utterance'],
		);
	});

	it('ends utterances where the options say', options, async () => {
		const pcm = Buffer.concat([toneSpeech('ONE'), silence(1000), toneSpeech('TWO'), silence(1000)]);
		const finals = async (more: Record<string, unknown>) =>
			(await hear(sherpaProvider(transducer, more), pcm)).results('final').map(({ text }) => text);
		assert.deepEqual(await finals({ endSilenceMs: 600 }), ['ONE', 'TWO']);
		assert.deepEqual(await finals({ endSilenceMs: 2000 }), ['ONE TWO']);
		const long = toneSpeech(Array.from({ length: 6 }, () => 'ONE TWO').join(' '));
		const cut = await hear(sherpaProvider(transducer, { maxUtteranceMs: 2000 }), long);
		assert.ok(cut.results('final').length >= 2, cut.text);
		assert.equal(cut.text.split(' ').length, 12, cut.text);
	});

	it('serves twenty streams at once from one process and keeps them apart', options, async () => {
		await nothingLeft();
		const provider = KINDS['transducer, greedy search'];
		const texts = Array.from({ length: 20 }, (_, index) =>
			[0, 3, 5].map((step) => WORDS[(index + step) % WORDS.length]).join(' '),
		);
		const streams = texts.map((text, index) => ({
			text,
			pcm: Buffer.concat([silence(300 + 10 * index), toneSpeech(text), silence(300)]),
			...beginStream(provider, { id: `stream-${index}` }),
		}));
		for (let at = 0; at < 64_000; at += 2048)
			for (const { session, pcm } of streams) session.write(pcm.subarray(at, at + 2048));
		for (const { session } of streams) session.end();
		for (const { text, outcome } of streams) {
			assert.equal((await outcome.closed).text, text);
			assert.ok(outcome.transcripts.every((transcript) => text.startsWith(transcript.text)));
		}
		assert.equal(sherpas().length, 1);
	});
});
