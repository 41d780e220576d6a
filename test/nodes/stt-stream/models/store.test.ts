import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import {
	CATALOGUE,
	recommended,
	speaks,
} from '../../../../nodes/stt-stream/providers/local/models/catalogue.ts';
import { ProgressBar } from '../../../../nodes/stt-stream/providers/local/models/progress.ts';
import {
	defaultModel,
	findModel,
	installedModels,
	isModelName,
	modelsFolder,
} from '../../../../nodes/stt-stream/providers/local/models/store.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';

const folder = mkdtempSync(join(tmpdir(), 'voice-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function place(dir: string, name: string, files: readonly string[]): string {
	mkdirSync(join(dir, name), { recursive: true });
	for (const file of files) writeFileSync(join(dir, name, file), file === 'empty.onnx' ? '' : 'x');
	return join(dir, name);
}

const TRANSDUCER = ['encoder.onnx', 'decoder.onnx', 'joiner.onnx', 'tokens.txt'];
const EN = 'sherpa-onnx-streaming-zipformer-en-20M-2023-02-17';
const RU = 'sherpa-onnx-streaming-zipformer-small-ru-vosk-int8-2025-08-16';
const MANY = 'sherpa-onnx-streaming-zipformer-ar_en_id_ja_ru_th_vi_zh-2025-02-10';

function missing(name: string, dir: string): string {
	try {
		findModel(name, dir);
	} catch (error) {
		assert.ok(error instanceof VoiceError);
		assert.equal(error.code, 'STT_MODEL_MISSING');
		return error.message;
	}
	return assert.fail('it was found');
}

describe('findModel', () => {
	const dir = modelsFolder(join(folder, 'find'));

	it('finds a downloaded model by its name, and any by its path', () => {
		const model = place(dir, EN, TRANSDUCER);
		const own = place(folder, 'own model', ['model.onnx', 'tokens.txt']);
		assert.equal(dir, join(folder, 'find', 'voice-models'));
		assert.equal(findModel(EN, dir), model);
		assert.equal(findModel(own, dir), own);
		assert.equal(findModel(relative(process.cwd(), own), dir), own);
		assert.equal(findModel(`${own}/`, dir), own);
	});

	it('says how to get what is missing', () => {
		assert.match(
			missing(RU, dir),
			/is not in .*: download it: npx --no-install node-red-voice-models download /,
		);
		assert.match(missing('what-is-this', dir), /choose one of those that `npx .* list` shows/);
		assert.match(missing('/no/such/folder', dir), /There is no model folder \/no\/such\/folder/);
		assert.match(missing('../outside', dir), /There is no model folder/);
		symlinkSync('loop', join(folder, 'loop'));
		assert.match(missing(join(folder, 'loop'), dir), /There is no model folder .*loop \(ELOOP\)/);
		assert.match(missing('a\0b', dir), /There is no model folder/);
		assert.match(missing('silero_vad.onnx', dir), /at most detects speech: set it as the option vad/);
	});

	it('says what is wrong with a model that is not whole', () => {
		place(dir, 'half', ['encoder.onnx', 'tokens.txt']);
		assert.match(missing('half', dir), /an encoder, but no decoder: remove it and download it again/);
		place(dir, 'tokenless', ['model.onnx']);
		assert.match(missing('tokenless', dir), /no tokens\.txt/);
		place(dir, 'hollow', ['empty.onnx', 'tokens.txt']);
		assert.match(missing('hollow', dir), /no \.onnx file/);
		const own = place(folder, 'nothing', []);
		assert.match(missing(own, dir), /no \.onnx file: set the model to a folder with tokens\.txt/);
	});
});

describe('defaultModel', () => {
	it('takes a usable one, those of the catalogue first, for the language', () => {
		const dir = modelsFolder(join(folder, 'default'));
		assert.equal(defaultModel(dir), undefined);
		place(dir, `.${EN}.unpack-x`, TRANSDUCER);
		place(dir, EN, ['encoder.onnx']);
		assert.equal(defaultModel(dir), undefined);
		const mine = place(dir, 'a-model-of-mine', TRANSDUCER);
		assert.equal(defaultModel(dir, 'de'), mine, 'nobody knows what it speaks');
		const many = place(dir, MANY, TRANSDUCER);
		const russian = place(dir, RU, TRANSDUCER);
		assert.deepEqual(installedModels(dir), [RU, MANY, 'a-model-of-mine']);
		assert.equal(defaultModel(dir), russian);
		// One that cannot be looked into hides no other.
		symlinkSync('loop', join(dir, 'loop'));
		symlinkSync('loop', join(russian, 'loop'));
		assert.equal(defaultModel(dir), russian);
		assert.equal(defaultModel(dir, 'ru-RU'), russian);
		assert.equal(defaultModel(dir, 'en_US'), many);
		rmSync(mine, { recursive: true });
		assert.equal(defaultModel(dir, 'de'), undefined);
	});
});

describe('the catalogue', () => {
	it('has names that are safe, facts with sources, and a model for each language that was promised', () => {
		assert.equal(new Set(CATALOGUE.map(({ name }) => name)).size, CATALOGUE.length);
		for (const { name, languages, kind, sources, sha256, exact, bytes } of CATALOGUE) {
			const detector = kind === 'speech-detector';
			assert.ok(isModelName(name), name);
			assert.match(name, detector ? /\.onnx$/ : /^sherpa-onnx-.*[^.]{6}$/);
			assert.ok(languages.length > 0 !== detector && languages.every((tag) => /^[a-z]{2}$/.test(tag)), name);
			assert.ok(sources.length > 0 && sources.every((url) => url.startsWith('https://')), name);
			if (sha256 !== undefined) assert.match(sha256, /^[0-9a-f]{64}$/, name);
			if (exact) assert.ok(Number.isInteger(bytes) && (bytes ?? 0) > 600_000, name);
		}
		const names = ['en', 'ru', 'zh', 'de', 'fr', 'es', 'ko'].map((tag) => recommended(tag)?.name ?? '');
		for (const [i, tag] of ['en', 'ru', 'zh', 'de', 'fr', 'es', 'korean'].entries())
			assert.match(names[i] ?? '', new RegExp(`-${tag}-`));
		assert.equal(recommended('ja')?.name, MANY);
		assert.match(recommended('hi')?.name ?? '', /nemotron/);
		assert.equal(recommended('xx'), undefined);
		assert.deepEqual(
			[speaks(EN, 'en-GB'), speaks(EN, 'de'), speaks(EN, ''), speaks('unknown', 'de')],
			[true, false, true, true],
		);
	});
});

describe('ProgressBar', () => {
	function shown(isTTY: boolean, total = 200_000_000): string {
		let text = '';
		let now = 0;
		const output = { isTTY, columns: 100, write: (more: string) => (text += more) };
		const bar = new ProgressBar(output, () => now);
		for (let done = 0; done <= 200_000_000; done += 1_000_000) {
			bar.update({ phase: 'download', done, total });
			now += 50;
		}
		bar.update({ phase: 'unpack', done: 5_000_000, total });
		bar.end();
		bar.end();
		return text;
	}

	it('draws over itself on a terminal, and ends each phase with a line', () => {
		const text = shown(true);
		const [download = '', unpack = '', rest] = text.split('\n');
		assert.equal(rest, '');
		const drawn = download.split('\r').slice(1);
		assert.equal(drawn.length, 101);
		assert.ok(drawn.every((one) => one.endsWith('\x1b[K') && one.length < 100 + 3));
		assert.match(
			drawn[50] ?? '',
			/^Downloading \[#{12}\.{12}\] +50 % {2}100 MB of 200 MB {2}20 MB\/s {2}5 s left/,
		);
		assert.match(drawn.at(-1) ?? '', /\[#{24}\] 100 %/);
		assert.match(unpack, /Unpacking +\[#\.{23}\] +2 %/);
	});

	it('prints a line now and then elsewhere', () => {
		const lines = shown(false).trim().split('\n');
		assert.deepEqual(
			lines.map((line) => /^(\w+) +(\d+) %/.exec(line)?.slice(1).join(' ')),
			['Downloading 0', 'Downloading 50', 'Downloading 100', 'Unpacking 2'],
		);
	});

	it('tells what there is while the size is unknown', () => {
		assert.match(shown(false, 0), /^Downloading 100 MB {2}20 MB\/s$/m);
	});
});
