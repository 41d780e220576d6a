import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import { noise } from '../../../lab/signals.ts';
import { TOKENS } from '../../../lab/toy-models/models.ts';
import { toneSpeech } from '../../../lab/toy-models/tones.ts';
import { SAFETY_MS, silence } from '../helpers.ts';
import { hear, nothingLeft, sherpaProvider, ToyModels } from './sherpa-lab.ts';

// The real sherpa-onnx on toy models that take tones for words: no test of speech recognition.

const options = { timeout: SAFETY_MS };
/** So much softer than white noise of a quarter of full scale. */
const HISS = 4;

describe('sherpa-onnx: hotwords', { skip: needs('sherpa-onnx') }, () => {
	const models = new ToyModels();
	const folder = models.transducer();
	after(async () => {
		await nothingLeft();
		models.remove();
	});

	/** FIVE under so much noise that the model just does not take it for a word; then a clear TWO. */
	function speech(): Buffer {
		const word = toneSpeech('FIVE', { amplitude: 2000 });
		const hiss = noise(word.length / 2, 7);
		const mixed = Buffer.alloc(word.length);
		for (let at = 0; at < word.length; at += 2)
			mixed.writeInt16LE(Math.round(word.readInt16LE(at) + hiss.readInt16LE(at) / HISS), at);
		return Buffer.concat([silence(300), mixed, silence(800), toneSpeech('TWO'), silence(300)]);
	}

	const heard = async (more: Record<string, unknown>, model = folder) =>
		(await hear(sherpaProvider(model, more), speech())).text;

	it('boosts them: a word in noise is found only when it is one', options, async () => {
		assert.equal(await heard({}), 'TWO');
		assert.equal(await heard({ decodingMethod: 'modified_beam_search' }), 'TWO');
		const hotwordsScore = 15;
		// In any letters; the model knows only capitals.
		assert.equal(await heard({ hotwords: ['five'], hotwordsScore }), 'FIVE TWO');
		assert.equal(await heard({ hotwords: ['FIVE :15'], hotwordsScore: 0.1 }), 'FIVE TWO');
		assert.equal(await heard({ hotwords: ['SEVEN', 'SIX ZERO'], hotwordsScore }), 'TWO');
		const hotwordsFile = join(models.folder, 'words.txt');
		writeFileSync(hotwordsFile, 'seven zero\r\n\nFive :15\n');
		assert.equal(await heard({ hotwordsFile }), 'FIVE TWO');
	});

	it("takes sentencepiece's own file where there is no vocabulary", options, async () => {
		const model = models.transducer();
		rmSync(join(model, 'bpe.vocab'));
		const pieces = TOKENS.map((token, id) => {
			const text = Buffer.from(token);
			const score = Buffer.alloc(4);
			score.writeFloatLE(-id);
			// ModelProto.SentencePiece: piece 1, score 2, type 3
			const piece = Buffer.concat([
				Buffer.from([10, text.length]),
				text,
				Buffer.from([21]),
				score,
				Buffer.from([24, 1]),
			]);
			return Buffer.concat([Buffer.from([10, piece.length]), piece]);
		});
		// Behind the pieces is how it was trained.
		const rest = Buffer.from([18, 2, 10, 0]);
		writeFileSync(join(model, 'bpe.model'), Buffer.concat([...pieces, rest]));
		assert.equal(await heard({ hotwords: ['FIVE'], hotwordsScore: 15 }, model), 'FIVE TWO');
	});

	it('refuses what the engine would end its process over', options, async () => {
		const bare = models.transducer();
		rmSync(join(bare, 'bpe.vocab'));
		// Nobody writes into it: it would be read for ever.
		const pipe = join(models.folder, 'pipe.txt');
		execFileSync('mkfifo', [pipe]);
		for (const [more, what, model] of [
			[{ hotwords: ['FIVE :loud'] }, /"FIVE :loud" ends with a score/],
			[{ hotwords: [':2'] }, /":2" cannot be used/],
			[{ hotwords: ['ONE '.repeat(51)] }, /"ONE ONE .*…" has 204 characters/],
			[{ hotwords: ['ONE #2 TWO'] }, /"ONE #2 TWO" cannot be used/],
			[{ hotwords: 'FIVE' }, /no list of texts/],
			[{ hotwords: ['FIVE'], decodingMethod: 'greedy_search' }, /modified_beam_search/],
			[{ hotwordsFile: join(models.folder, 'nowhere.txt') }, /nowhere\.txt cannot be read/],
			[{ hotwordsFile: pipe }, /pipe\.txt is a device or a pipe/],
			[{ hotwords: ['FIVE'] }, /neither bpe\.vocab nor bpe\.model/, bare],
			[{ hotwords: ['FIVE'] }, /knows neither beam search nor hotwords/, models.ctc()],
		] as const)
			await assert.rejects(
				async () => sherpaProvider(model ?? folder, more).prepare?.(),
				(thrown: VoiceError) => {
					assert.ok(thrown instanceof VoiceError, String(thrown));
					assert.equal(thrown.code, 'STT_CONFIG');
					assert.match(thrown.message, what);
					return true;
				},
			);
	});

	it("bears words that cannot be written in the model's tokens", options, async () => {
		// The engine leaves out what it does not know.
		assert.equal(await heard({ hotwords: ['Žluťoučký', 'FIVE'], hotwordsScore: 15 }), 'FIVE TWO');
	});
});
