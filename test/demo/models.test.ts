import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { encodeWav } from '../../lib/audio/wav.ts';
import { recommended } from '../../nodes/stt-stream/providers/local/models/catalogue.ts';
import { needs } from '../lab/needs.ts';
import { toneSpeech } from '../lab/toy-models/tones.ts';
import { modelArchive, modelFiles } from '../nodes/stt-stream/models/archives.ts';
import { Mirror } from '../nodes/stt-stream/models/mirror.ts';
import { startDemo } from './demo-run.ts';

// The demo with sherpa-onnx, on a model that takes tones for words: nothing here is speech recognition.

/** A language whose model the catalogue knows no checksum of: the toy can take its place. */
const LANGUAGE = 'bn';
const NAME = recommended(LANGUAGE)?.name ?? '';
const ENGLISH = recommended('en')?.name ?? '';
const BYTES = 400_000;

const visible = (folder: string) =>
	existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];

describe('npm run demo -- --download', { skip: needs('sherpa-onnx', 'archives') }, () => {
	let mirror: Mirror;
	let archive: Buffer;
	let dir: string;
	before(async () => {
		mirror = await Mirror.start();
		archive = modelArchive(NAME, modelFiles(BYTES));
	});
	after(() => mirror.stop());
	beforeEach(() => {
		dir = mkdtempSync(join(tmpdir(), 'voice-demo-models-'));
	});
	afterEach(() => {
		mirror.forget();
		rmSync(dir, { recursive: true, force: true });
	});

	it('downloads the model of the language, recognises with it, and does without any request the next time', async () => {
		mirror.serve(NAME, archive);
		mirror.serveChecksums(NAME);
		const file = join(dir, 'tones.wav');
		const tones = Buffer.concat([toneSpeech('ONE TWO THREE'), Buffer.alloc(16_000)]);
		writeFileSync(file, encodeWav([tones], { sampleRate: 16_000, channels: 1 }));
		// As everybody has it who has Node-RED.
		const models = join(dir, '.node-red', 'voice-models');
		mkdirSync(models, { recursive: true });
		const heard = ['--language', LANGUAGE, '--file', file, '--once'];

		const first = startDemo(['--download', '--mirror', mirror.base, ...heard], { HOME: dir }, '');
		const { code, left } = await first.ended;
		assert.equal(code, 0, first.output());
		assert.match(first.output(), /^Downloading +100 % /m);
		assert.match(first.output(), new RegExp(`^Recognising with sherpa-onnx, model ${NAME}$`, 'm'));
		assert.match(first.output(), /^Recognised: ONE TWO THREE$/m);
		assert.deepEqual(left, []);
		assert.deepEqual(visible(models), [NAME]);
		assert.equal(mirror.downloads.length, 1);

		mirror.asked.length = 0;
		const env = { HOME: dir, NODE_RED_VOICE_MODELS_MIRROR: mirror.base };
		const second = startDemo(heard, env, '');
		assert.equal((await second.ended).code, 0, second.output());
		assert.match(second.output(), new RegExp(`^Recognising with sherpa-onnx, model ${NAME}$`, 'm'));
		assert.match(second.output(), /^Recognised: ONE TWO THREE$/m);
		assert.deepEqual(mirror.asked, []);
	});

	it('that the mirror refuses says its code and what to do, and ends with 1 without a model', async () => {
		const models = join(dir, 'models');
		const env = { NODE_RED_VOICE_MODELS_MIRROR: mirror.base };
		const demo = startDemo(['--download', '--models', models], env);
		assert.equal((await demo.ended).code, 1, demo.output());
		assert.match(demo.output(), /^The download failed: STT_\w+: .*127\.0\.0\.1.*\n\S+/m);
		assert.doesNotMatch(demo.output(), /Recognising/);
		assert.ok(mirror.downloads.some(({ path, status }) => path.includes(ENGLISH) && status === 404));
		assert.deepEqual(visible(models), []);
	});

	it('of something else than the model ends with 1 without a model', async () => {
		mirror.serve(ENGLISH, modelArchive(ENGLISH, modelFiles(20_000)));
		const models = join(dir, 'models');
		const demo = startDemo(['--download', '--models', models, '--mirror', mirror.base]);
		assert.equal((await demo.ended).code, 1, demo.output());
		assert.match(demo.output(), /^The download failed: STT_MODEL_MISSING: /m);
		assert.deepEqual(readdirSync(models), []);
	});

	it('is ended at once by Ctrl+C, and goes on where it was the next time', async () => {
		mirror.serve(NAME, archive, { stallAfter: [100_000] });
		const models = join(dir, 'models');
		const args = ['--download', '--language', LANGUAGE, '--models', models, '--mirror', mirror.base];
		const demo = startDemo([...args, '--once']);
		await new Promise<void>((resolve) => {
			mirror.onSent = () => resolve();
		});
		await demo.prints(/^Downloading/m);
		demo.child.kill('SIGINT');
		const { code, left } = await demo.ended;
		assert.equal(code, 130, demo.output());
		assert.match(demo.output(), /^Interrupted/m);
		assert.deepEqual([left, visible(models)], [[], []]);
		await mirror.downloads[0]?.over;
		const kept = readdirSync(models);
		assert.deepEqual(kept, [`.${NAME}.tar.bz2.part`, `.${NAME}.tar.bz2.part.json`]);

		// An empty recording: only the download is wanted here.
		mirror.serve(NAME, archive);
		const again = startDemo([...args, '--once', '--file', writeSilence(dir)]);
		await again.ended;
		assert.match(mirror.downloads[1]?.range ?? '', /^bytes=\d+-$/);
		assert.deepEqual(visible(models), [NAME]);
		assert.match(again.output(), /^The demo failed: no words were recognised$/m);
	});
});

function writeSilence(folder: string): string {
	const file = join(folder, 'silence.wav');
	writeFileSync(file, encodeWav([Buffer.alloc(8000)], { sampleRate: 16_000, channels: 1 }));
	return file;
}

describe('npm run demo without a model', () => {
	it('says how to get one where PocketSphinx does not know the language', async () => {
		const demo = startDemo(['--language', 'de']);
		assert.equal((await demo.ended).code, 1);
		assert.match(
			demo.output(),
			/^There is no model for "de" here.*\n.*npm run demo -- --download --language de$/m,
		);
	});

	for (const [what, args] of Object.entries({
		'an unknown option': ['--downlaod'],
		'a recording that is not there': ['--file', '/no/such.wav'],
		'a recording without a name': ['--file', ''],
		'a folder of models that is not there': ['--models', '/no/such'],
		'a folder of models that is a file': ['--models', 'package.json'],
		'no language': ['--language', '../en'],
		'both a microphone and a recording': ['--mic', '--file', 'package.json'],
	}))
		it(`ends with 2 for ${what}`, async () => {
			const demo = startDemo(args);
			assert.equal((await demo.ended).code, 2, demo.output());
			assert.match(demo.output(), /--help/);
		});

	it('--help tells where models are', async () => {
		const demo = startDemo(['--help']);
		assert.equal((await demo.ended).code, 0);
		assert.match(demo.output(), /~\/\.node-red\/voice-models/);
	});
});
