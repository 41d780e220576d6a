import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from '../../../lab/needs.ts';
import {
	beginStream,
	feed,
	listen,
	localProvider,
	noChildren,
	openOptions,
	SAFETY_MS,
	silence,
	until,
} from '../helpers.ts';

// `pocketsphinx live -` of PocketSphinx 5, by a STAND-IN that replays recorded output: no Debian release that these
// tests run on has the program. local.test.ts runs the whole contract on the real one where it is installed.

const options = { timeout: SAFETY_MS };

describe('local, PocketSphinx 5 (stand-in with recorded output)', { skip: needs('pocketsphinx') }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-live-'));
	const path = process.env['PATH'];

	before(() => {
		const program = join(folder, 'pocketsphinx');
		copyFileSync(new URL('./live-stand-in.mjs', import.meta.url), program);
		chmodSync(program, 0o755);
		// So that Node.js takes the copy, which has no suffix, for a module.
		writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
		process.env['PATH'] = `${folder}${delimiter}${path}`;
		process.env['STAND_IN_RECORDING'] = fileURLToPath(
			new URL('../recorded/pocketsphinx-5.1-live.jsonl', import.meta.url),
		);
	});
	after(() => {
		process.env['PATH'] = path;
		delete process.env['STAND_IN_RECORDING'];
		rmSync(folder, { recursive: true });
		return noChildren();
	});

	const open = async () => {
		const provider = localProvider({ program: 'pocketsphinx' });
		const session = await provider.open(openOptions, new AbortController().signal);
		return { provider, session, heard: listen(session) };
	};

	it('reads utterances, words and times, and has no partials', options, async () => {
		const { provider, session, heard } = await open();
		assert.equal(provider.capabilities.partials, false);
		await feed(session, silence(4800));
		await session.finish();
		assert.equal(await heard.end, undefined);
		const [first, second] = heard.results('final');
		assert.equal(heard.results('final').length, 2);
		assert.deepEqual(
			[first?.text, first?.startMs, first?.endMs, first?.language],
			['turn off the bedroom light', 410, 2240, 'en-US'],
		);
		assert.deepEqual(second?.words?.[0], { text: 'close', startMs: 3520, endMs: 3870, confidence: 0.635 });
		assert.equal(second?.confidence, 0.836);
	});

	it('gets a tail that makes it give the utterance which is being spoken', options, async () => {
		const { session, heard } = await open();
		// The second utterance ends at 4390 ms; only the tail goes beyond.
		await feed(session, silence(4400));
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.equal(heard.results('final').length, 2);
	});

	it('gives its own last words when it dies in the middle of every stream', options, async () => {
		process.env['STAND_IN_FATAL_S'] = '0.5';
		try {
			const provider = localProvider({ program: 'pocketsphinx' });
			const { session, outcome } = beginStream(provider, { settings: { reconnectMs: SAFETY_MS } });
			session.write(silence(1000));
			const { code, reconnects } = await outcome.closed;
			assert.deepEqual([code, reconnects], ['STT_ENGINE', 2]);
			assert.match(
				outcome.errors[0]?.message ?? '',
				/killed by signal 6 in the middle of a stream \(No more senones\), 3 times in a row: .*memory/,
			);
			assert.equal(outcome.errors[0]?.retryable, false);
			await session.abandon();
		} finally {
			delete process.env['STAND_IN_FATAL_S'];
		}
	});

	it('gives a final while the audio goes on', options, async () => {
		const { session, heard } = await open();
		await feed(session, silence(3000));
		await until('the first final', () => heard.results('final').length === 1);
		session.abort();
		await session.finish();
	});
});
