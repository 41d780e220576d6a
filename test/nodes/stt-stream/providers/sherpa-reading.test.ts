import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
	notLoaded,
	ownWords,
	unsupported,
} from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/errors.ts';
import { understood } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/results.ts';
import { readTokens } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/tokens.ts';

// How tokens, results, machines and the engine's words are read, without the engine.

describe('sherpa-onnx: tokens', () => {
	it('reads them as the engine does', () => {
		const chinese = readTokens('<blk> 0\n<unk> 2\n你 1\r\n\n#0 3');
		assert.deepEqual(chinese, {
			size: 4,
			hasBlank: true,
			hasLower: false,
			hasUpper: false,
			isCharacters: true,
		});
		const letters = readTokens('\u2581a 0\nb 1\n2\n<blank> 3\n');
		assert.deepEqual(letters, {
			size: 4,
			hasBlank: true,
			hasLower: true,
			hasUpper: false,
			isCharacters: true,
		});
	});
});

describe('sherpa-onnx: results', () => {
	const reading = { startFactor: 1, frameMs: 40, words: true };
	const result = (text: string, tokens: string[], timestamps: number[], ys_probs: number[] = []) => ({
		text,
		tokens,
		timestamps,
		ys_probs,
		start_time: 2,
	});
	const texts = (said: ReturnType<typeof understood>) => said?.words?.map((word) => word.text);

	it('puts tokens together to words, with their times and how sure they are', () => {
		const said = understood(
			result(' turn on', [' t', 'ur', 'n', ' on'], [0.2, 0.28, 0.36, 0.44], [0, -0.1, -0.2, -0.6]),
			reading,
		);
		assert.deepEqual(said, {
			text: 'turn on',
			startMs: 2200,
			endMs: 2680,
			confidence: 0.799,
			words: [
				{ text: 'turn', startMs: 2200, endMs: 2440, confidence: 0.905 },
				{ text: 'on', startMs: 2440, endMs: 2680, confidence: 0.549 },
			],
		});
	});

	it('says from where to hear the audio again: in the silence after it, as far as that was decoded', () => {
		const after = (blanks: number) =>
			understood({ ...result('a', ['a'], [1]), num_trailing_blanks: blanks }, reading);
		const times = (blanks: number) => {
			const { startMs, endMs, settledMs } = after(blanks) ?? {};
			return [startMs, endMs, settledMs];
		};
		assert.deepEqual(times(0), [3000, 3040, 3040]);
		assert.deepEqual(times(9), [3000, 3240, 3240]);
		assert.deepEqual(times(14), [3000, 3240, 3400]);
		assert.deepEqual(times(29), [3000, 3240, 3720]);
	});

	it('takes characters of languages without spaces for words', () => {
		const said = understood(
			result('你好 world吗', ['你', '好', ' wor', 'ld', '吗'], [0, 1, 2, 3, 4]),
			reading,
		);
		assert.deepEqual(texts(said), ['你', '好', 'world', '吗']);
	});

	it('reads spaces that are tokens, as T-one has them', () => {
		const said = understood(result('да нет', ['д', 'а', ' ', 'н', 'е', 'т'], [0, 0.1, 0.2, 0.3, 0.4, 0.5]), {
			startFactor: 10,
			frameMs: 30,
			words: true,
		});
		assert.deepEqual(texts(said), ['да', 'нет']);
		assert.equal(said?.startMs, 20_000);
	});

	it('claims nothing that the model does not tell', () => {
		assert.equal(understood(result('  ', [], []), reading), undefined);
		assert.deepEqual(understood(result('a b', ['a', ' b'], []), reading), { text: 'a b' });
		const bytes = understood(result('é', ['<0xC3>', '<0xA9>'], [0, 0.1]), reading);
		assert.ok(bytes && !('words' in bytes) && bytes.startMs === 2000);
	});
});

describe('sherpa-onnx: machines', () => {
	const machine = { platform: 'linux', arch: 'x64', glibc: '2.36' };
	const failure = new Error("/lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found\nmore");

	it('says for which there is none, and what else there is', () => {
		for (const [platform, arch] of [
			['linux', 'x64'],
			['linux', 'arm64'],
			['darwin', 'arm64'],
			['win32', 'x64'],
		] as const)
			assert.equal(unsupported({ platform, arch }), undefined);
		for (const [platform, arch, what] of [
			['linux', 'arm', /32-bit ARM/],
			['linux', 'riscv64', /linux on riscv64/],
			['win32', 'arm64', /win32 on arm64/],
		] as const) {
			const error = unsupported({ platform, arch });
			assert.equal(error?.code, 'STT_ENGINE');
			assert.match(error?.message ?? '', what);
			assert.match(error?.remedy ?? '', /"pocketsphinx".*server/);
		}
	});

	it('tells why the addon does not load', () => {
		const missing = new Error(
			"Cannot find module '../sherpa-onnx-linux-x64/sherpa-onnx.node'\nRequire stack:",
		);
		for (const [thrown, more, what] of [
			[missing, {}, /not installed.*npm install sherpa-onnx-node/],
			[failure, { glibc: undefined }, /musl.*"pocketsphinx"/],
			[failure, { glibc: '2.31' }, /needs glibc 2\.32, and this system has 2\.31.*Debian 12/],
			[failure, { arch: 'arm64' }, /too old.*GLIBCXX_3\.4\.29.*Debian 12/],
			[failure, { arch: 'arm' }, /32-bit ARM/],
			[new Error('invalid ELF header'), {}, /does not load \(invalid ELF header\)/],
		] as const) {
			const error = notLoaded(thrown, { ...machine, ...more });
			assert.equal(error.code, 'STT_ENGINE');
			assert.equal(error.retryable, false);
			assert.match(error.message, what);
		}
	});

	it("finds the engine's own words", () => {
		const place = '/project/sherpa-onnx/csrc/online-ctc-model.cc:Create:35';
		assert.equal(ownWords(`${place} Please specify a CTC model\n`), 'Please specify a CTC model');
		const thrown =
			"terminate called after throwing an instance of 'Ort::Exception'\n  what():  Got invalid dimensions\n index: 1\n\nAborted\n";
		assert.equal(ownWords(thrown), 'Got invalid dimensions index: 1');
		const node =
			'node:internal/modules/run_main:129\n    throw\n\nSyntaxError: Unexpected token\n    at x\n\nNode.js v20.20.2\n';
		assert.equal(ownWords(node), 'SyntaxError: Unexpected token');
		assert.equal(ownWords(''), '');
	});
});
