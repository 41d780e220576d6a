import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { beginStream, SAFETY_MS, silence } from '../helpers.ts';
import { hear, nothingLeft, sherpaProvider, statsOf, ToyModels } from './sherpa-lab.ts';

// The real sherpa-onnx on toy models that take tones for words, behind a toy detector to which whatever is loud is
// speech: no test of speech recognition.

const options = { timeout: SAFETY_MS };

describe('sherpa-onnx behind a detector of speech', { skip: needs('sherpa-onnx') }, () => {
	const models = new ToyModels();
	const folder = models.transducer();
	const vad = models.vad();
	before(() => nothingLeft());
	after(async () => {
		await nothingLeft();
		models.remove();
	});

	it('gives the same words at the same times, and decodes no silence', options, async () => {
		const pcm = Buffer.concat([
			...[toneSpeech('ONE TWO'), silence(9000), toneSpeech('SEVEN'), silence(700)],
			...[toneSpeech('THREE FOUR'), silence(11_000), toneSpeech('FIVE')],
		]);
		const times = async (more: Record<string, unknown>) =>
			(await hear(sherpaProvider(folder, more), pcm))
				.results('final')
				.map(({ text, startMs, endMs, words }) => ({ text, startMs, endMs, words }));
		const plain = await times({});
		const gated = await times({ vad });
		assert.deepEqual(
			gated.map(({ text }) => text),
			['ONE TWO', 'SEVEN', 'THREE FOUR', 'FIVE'],
		);
		for (const [index, { text, startMs = 0, endMs = 0, words = [] }] of gated.entries()) {
			const other = plain[index];
			assert.equal(other?.text, text);
			assert.ok(Math.abs(startMs - (other?.startMs ?? 0)) <= 60, `${startMs} and ${other?.startMs}`);
			assert.ok(Math.abs(endMs - (other?.endMs ?? 0)) <= 60, `${endMs} and ${other?.endMs}`);
			for (const [number, word] of words.entries())
				assert.ok(Math.abs(word.startMs - (other?.words?.[number]?.startMs ?? 0)) <= 60, word.text);
		}
		const { heardMs, decodedMs } = await statsOf(folder, { vad });
		assert.ok(Math.abs(heardMs - pcm.length / 32) < 100, `${heardMs}`);
		// Four utterances, each with what is put around it.
		assert.ok(decodedMs < heardMs / 2, `${decodedMs} of ${heardMs}`);
		const all = await statsOf(folder, {});
		assert.ok(all.decodedMs >= all.heardMs);
	});

	it('clips no beginning: words that follow each other at every distance', options, async () => {
		const provider = sherpaProvider(folder, { vad });
		// Around the moment at which the gate closes.
		for (let gap = 560; gap <= 1000; gap += 40) {
			const pcm = Buffer.concat([
				...[toneSpeech('ONE', { toneMs: 400 }), silence(gap)],
				...[toneSpeech('TWO', { toneMs: 160 }), silence(gap), toneSpeech('THREE', { toneMs: 240 })],
			]);
			assert.equal((await hear(provider, pcm)).text, 'ONE TWO THREE', `${gap} ms`);
		}
	});

	it('hears speech that goes on for longer than the detector remembers', options, async () => {
		const provider = sherpaProvider(folder, { vad, maxUtteranceMs: 600_000 });
		const text = Array.from({ length: 50 }, (_, index) => (index % 2 ? 'ONE' : 'TWO')).join(' ');
		assert.equal((await hear(provider, toneSpeech(text, { toneMs: 450, gapMs: 50 }))).text, text);
	});

	it('is the same, however the audio is cut', options, async () => {
		const pcm = Buffer.concat([silence(700), toneSpeech('ONE TWO'), silence(1500), toneSpeech('SIX')]);
		const provider = sherpaProvider(folder, { vad });
		const [first, ...others] = await Promise.all(
			[20, 64, 100, 500].map(async (ms) =>
				// The last piece is filled up with silence, whose end is then another.
				(await hear(provider, pcm, ms)).results('final').map(({ settledMs: _, ...final }) => final),
			),
		);
		assert.equal(first?.length, 2);
		for (const other of others) assert.deepEqual(other, first);
	});

	it('says when speech began, and nothing of silence', options, async () => {
		const { session, outcome } = beginStream(sherpaProvider(folder, { vad }));
		session.write(Buffer.concat([silence(2000), toneSpeech('ZERO'), silence(2000)]));
		session.end();
		assert.equal((await outcome.closed).text, 'ZERO');
		const began = outcome.events.filter(({ name }) => name === 'speech-started');
		assert.equal(began.length, 1);
		assert.ok(Math.abs((began[0]?.details.atMs ?? 0) - 2000) <= 60, `${began[0]?.details.atMs}`);
	});

	it('refuses what is no detector', options, async () => {
		const text = join(models.folder, 'no.onnx');
		writeFileSync(text, 'no onnx');
		for (const [path, code] of [
			[join(folder, 'encoder.onnx'), 'STT_CONFIG'],
			[text, 'STT_CONFIG'],
			[join(models.folder, 'nowhere.onnx'), 'STT_MODEL_MISSING'],
		] as const)
			await assert.rejects(
				async () => sherpaProvider(folder, { vad: path }).prepare?.(),
				(thrown: VoiceError) => {
					assert.ok(thrown instanceof VoiceError);
					assert.equal(thrown.code, code);
					assert.ok(thrown.message.includes(path));
					return true;
				},
			);
	});
});
