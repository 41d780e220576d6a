import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import { type SttProvider, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { needs } from '../../../lab/needs.ts';
import {
	beginStream,
	engines,
	localProvider,
	noChildren,
	openOptions,
	SAFETY_MS,
	until,
} from '../helpers.ts';

// What is missing, broken or wrong: each has a code, names the thing, and tells what to do.

const options = { timeout: SAFETY_MS };
const MODEL = '/usr/share/pocketsphinx/model/en-us';
const PROGRAMS = ['python3', 'pocketsphinx_continuous'] as const;

const folder = mkdtempSync(join(tmpdir(), 'voice-sphinx-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
	const path = join(folder, name);
	writeFileSync(path, text);
	return path;
}

/** A copy of Debian's model, by links, without or with other parts. */
function model(name: string, change: (root: string) => void): string {
	const root = join(folder, name);
	mkdirSync(root);
	symlinkSync(join(MODEL, 'en-us'), join(root, 'acoustic'));
	symlinkSync(join(MODEL, 'cmudict-en-us.dict'), join(root, 'words.dict'));
	symlinkSync(join(MODEL, 'en-us.lm.bin'), join(root, 'any.lm.bin'));
	change(root);
	return root;
}

const sphinx = (options: Record<string, unknown> = {}, more: Parameters<typeof localProvider>[1] = {}) =>
	localProvider({ engine: 'pocketsphinx', ...options }, more);

const open = (provider: SttProvider, language = '') =>
	provider.open({ ...openOptions, language }, new AbortController().signal);

const refusal =
	(code: string, ...parts: RegExp[]) =>
	(error: unknown) => {
		assert.ok(error instanceof VoiceError, String(error));
		assert.equal(error.code, code, error.message);
		assert.equal(error.retryable, false);
		for (const part of parts) assert.match(error.message, part);
		return true;
	};

describe('local: settings that cannot work', () => {
	it('names an unknown provider, option, engine and value', () => {
		const config = {
			endpoint: '',
			caFile: '',
			model: '',
			credentials: { apiKey: '', token: '', serviceAccount: '' },
		};
		assert.throws(
			() => createProvider('acme', { ...config, options: {} }),
			refusal('STT_CONFIG', /"acme"/, /local/),
		);
		assert.throws(
			() => createProvider('constructor', { ...config, options: {} }),
			refusal('STT_CONFIG', /"constructor"/),
		);
		assert.throws(() => localProvider({ grammer: 'x' }), refusal('STT_CONFIG', /"grammer"/, /grammar/));
		assert.throws(
			() => localProvider({ engine: 'sherpa-onnx', grammar: 'x' }),
			refusal('STT_CONFIG', /"grammar"/, /hotwords/),
		);
		assert.throws(
			() => localProvider({ engine: 'pocketsphinx', threads: 2 }),
			refusal('STT_CONFIG', /"threads"/, /grammar/),
		);
		assert.throws(
			() => localProvider({ engine: 'kaldi' }),
			refusal('STT_CONFIG', /"engine"/, /pocketsphinx/),
		);
		assert.throws(() => localProvider({ endSilenceMs: 'long' }), refusal('STT_CONFIG', /"endSilenceMs"/));
		assert.throws(() => localProvider({ vadThreshold: 99 }), refusal('STT_CONFIG', /"vadThreshold"/));
	});
});

describe('local: engines and models that are not there', { skip: needs('pocketsphinx') }, () => {
	const { PATH, PYTHONPATH } = process.env;
	afterEach(() => {
		for (const [name, value] of Object.entries({ PATH, PYTHONPATH }))
			if (value === undefined) delete process.env[name];
			else process.env[name] = value;
	});

	it(
		'says what to install when there is no PocketSphinx, and finds it once it is there',
		options,
		async () => {
			process.env['PATH'] = join(folder, 'nothing');
			process.env['PYTHONPATH'] = folder;
			// Hides Debian's module, as if it were not installed.
			file('pocketsphinx.py', 'raise ImportError("hidden by a test")\n');
			const provider = sphinx();
			const missing = refusal(
				'STT_ENGINE',
				/not installed/,
				/sudo apt install pocketsphinx pocketsphinx-en-us/,
			);
			await assert.rejects(provider.prepare?.() ?? Promise.resolve(), missing);
			await assert.rejects(open(provider), missing);
			process.env['PATH'] = PATH;
			const session = await open(provider);
			assert.equal(provider.capabilities.partials, false);
			session.abort();
			await session.finish();
		},
	);

	it('does not take PocketSphinx 5 for Python for the module that it knows', options, async () => {
		process.env['PYTHONPATH'] = folder;
		file('pocketsphinx.py', 'class Decoder: pass\n');
		await assert.rejects(open(sphinx({ program: 'python3' })), refusal('STT_ENGINE', /python3/));
	});

	it('names a program that was asked for and is not there', options, async () => {
		process.env['PATH'] = join(folder, 'nothing');
		for (const program of ['pocketsphinx_continuous', 'pocketsphinx'])
			await assert.rejects(open(sphinx({ program })), refusal('STT_ENGINE', new RegExp(`"${program}"`)));
	});

	it('names the part of a model that is missing', options, async () => {
		const without = (part: string) => model(`no-${part}`, (root) => rmSync(join(root, part)));
		const empty = model('empty-words', (root) => {
			// What is there is a link to Debian's.
			rmSync(join(root, 'words.dict'));
			writeFileSync(join(root, 'words.dict'), '', { flag: 'wx' });
		});
		for (const [root, what] of [
			[join(folder, 'nowhere'), /no such folder/],
			[empty, /dictionary/],
			[without('acoustic'), /acoustic model/],
			[without('words.dict'), /dictionary/],
			[without('any.lm.bin'), /language model/],
		] as const)
			await assert.rejects(
				open(sphinx({}, { model: root })),
				refusal('STT_MODEL_MISSING', what, new RegExp(root), /set the model to a folder/),
			);
	});

	it('works with a model in any folder', options, async () => {
		const session = await open(sphinx({}, { model: model('whole', () => {}) }), 'de-DE');
		session.abort();
		await session.finish();
	});

	it('refuses a language that the default model does not know', options, async () => {
		await assert.rejects(open(sphinx(), 'ru-RU'), refusal('STT_CONFIG', /"ru-RU"/, /set the model/));
		const session = await open(sphinx(), 'en-GB');
		session.abort();
		await session.finish();
	});

	it('names a grammar that cannot be read', options, async () => {
		for (const grammar of [join(folder, 'missing.jsgf'), folder])
			await assert.rejects(open(sphinx({ grammar })), refusal('STT_CONFIG', new RegExp(grammar), /JSGF/));
	});

	for (const program of PROGRAMS) {
		const skip = program === 'python3' ? needs('python3-pocketsphinx') : needs('pocketsphinx');

		it(`gives the engine's own words for a grammar with a mistake (${program})`, {
			...options,
			skip,
		}, async () => {
			const broken = file('broken.jsgf', 'bad grammar <x');
			await assert.rejects(
				open(sphinx({ program, grammar: broken })),
				refusal('STT_CONFIG', /broken\.jsgf/, /syntax error at line 1/),
			);
			const unknown = file('unknown.jsgf', '#JSGF V1.0;\ngrammar a;\npublic <x> = turn on the zorblax;\n');
			await assert.rejects(
				open(sphinx({ program, grammar: unknown })),
				refusal('STT_CONFIG', /unknown\.jsgf/, /zorblax/, /dictionary/),
			);
		});

		it(`gives the engine's own words for a broken model (${program})`, { ...options, skip }, async () => {
			const root = model(`broken-${program}`, (at) => {
				rmSync(join(at, 'acoustic'));
				cpSync(join(MODEL, 'en-us'), join(at, 'acoustic'), { recursive: true });
				writeFileSync(join(at, 'acoustic', 'mdef'), 'garbage\n');
			});
			await assert.rejects(
				open(sphinx({ program }, { model: root })),
				refusal('STT_ENGINE', /acoustic/, /\(\S.*\)/, /check the model folder/),
			);
		});

		it(`may be tried again when the engine is killed while it loads (${program})`, {
			...options,
			skip,
		}, async () => {
			const provider = sphinx({ program });
			await provider.prepare?.();
			const { session, outcome } = beginStream(provider);
			const engine = await until('the engine', () => engines()[0]);
			process.kill(engine.pid, 'SIGKILL');
			assert.equal((await outcome.closed).code, 'STT_ENGINE');
			assert.equal(outcome.errors[0]?.retryable, true);
			await session.abandon();
		});
	}

	it('leaves no process behind', options, () => noChildren());
});
