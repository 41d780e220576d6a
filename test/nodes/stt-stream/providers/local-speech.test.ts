import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needs } from '../../../lab/needs.ts';
import { PHRASES, speak, wordErrorRate } from '../../../lab/speech.ts';
import { beginStream, localProvider, noChildren, SAFETY_MS, silence } from '../helpers.ts';

// How well PocketSphinx hears, by each of its programs.

const options = { timeout: 2 * SAFETY_MS };
const MAX_WORD_ERROR_RATE = 0.1;

const GRAMMAR = `#JSGF V1.0;
grammar phrases;
public <phrase> = ${PHRASES.join(' | ')};
`;

/** White noise between -amplitude and +amplitude on top of the speech, the same every time. */
function withHiss(pcm: Buffer, amplitude: number): Buffer {
	const noisy = Buffer.from(pcm);
	let state = 7;
	for (let at = 0; at < noisy.length; at += 2) {
		state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
		const noise = Math.round((state / 2 ** 31 - 1) * amplitude);
		noisy.writeInt16LE(Math.max(-32_768, Math.min(32_767, noisy.readInt16LE(at) + noise)), at);
	}
	return noisy;
}

for (const program of ['python3', 'pocketsphinx_continuous'] as const) {
	const engine = program === 'python3' ? 'python3-pocketsphinx' : 'pocketsphinx';
	describe(`local speech, by ${program}`, { skip: needs(engine, 'flite', 'sox') }, () => {
		const tmp = tmpdir();
		let folder: string;
		before(async () => {
			folder = await mkdtemp(join(tmpdir(), 'voice-grammar-'));
			await writeFile(join(folder, 'phrases.jsgf'), GRAMMAR);
			// The tests' speech is made elsewhere, and kept.
			await Promise.all(PHRASES.map((phrase) => speak(phrase)));
			process.env['TMPDIR'] = folder;
		});
		after(async () => {
			await noChildren();
			// Not a named pipe is left.
			assert.deepEqual(readdirSync(folder), ['phrases.jsgf']);
			process.env['TMPDIR'] = tmp;
			await rm(folder, { recursive: true });
		});

		/** Recognises each phrase in a stream of its own. */
		async function heardOf(given: Record<string, unknown>, change: (pcm: Buffer) => Buffer) {
			const provider = localProvider({ program, ...given });
			const heard: string[] = [];
			for (const phrase of PHRASES) {
				const { session, outcome } = beginStream(provider);
				session.write(change(await speak(phrase)));
				session.end();
				const { text = '', code } = await outcome.closed;
				assert.equal(code, undefined);
				heard.push(text);
			}
			return heard;
		}

		const rateOf = (heard: string[]) => wordErrorRate(PHRASES.join(' '), heard.join(' '));

		it('understands short phrases, each in a stream of its own', options, async (t) => {
			const heard = await heardOf({}, (pcm) => pcm);
			t.diagnostic(`word error rate ${(rateOf(heard) * 100).toFixed(1)} %`);
			assert.ok(rateOf(heard) <= MAX_WORD_ERROR_RATE, heard.join(' | '));
		});

		it("understands them over a microphone's hiss that comes before them", options, async (t) => {
			const heard = await heardOf({}, (pcm) => withHiss(Buffer.concat([silence(1200), pcm]), 4));
			t.diagnostic(`word error rate ${(rateOf(heard) * 100).toFixed(1)} %`);
			assert.ok(rateOf(heard) <= 0.15, heard.join(' | '));
		});

		it(
			'understands only what the grammar has, makes no mistake, and claims no confidence',
			options,
			async () => {
				const grammar = join(folder, 'phrases.jsgf');
				assert.deepEqual(await heardOf({ grammar }, (pcm) => pcm), [...PHRASES]);
				const { session, outcome } = beginStream(localProvider({ program, grammar }));
				session.write(await speak(PHRASES[0] ?? ''));
				session.end();
				await outcome.closed;
				const [transcript] = outcome.transcripts.filter(({ kind }) => kind === 'final');
				assert.ok(transcript && !('confidence' in transcript));
				assert.ok(transcript.words?.every((word) => !('confidence' in word)));
			},
		);

		it('keeps the times of the stream through a long session', options, async () => {
			const provider = localProvider({ program, grammar: join(folder, 'phrases.jsgf') });
			const { session, outcome } = beginStream(provider, { settings: { maxBufferMs: 200_000 } });
			const starts: number[] = [];
			const ends: number[] = [];
			let at = 0;
			const write = (pcm: Buffer) => {
				session.write(pcm);
				at += pcm.length / 32;
			};
			for (const [index, phrase] of [...PHRASES, ...PHRASES].entries()) {
				write(silence(700 + 150 * index));
				starts.push(at);
				write(await speak(phrase, { lead: 0, tail: 0 }));
				ends.push(at);
			}
			write(silence(700));
			session.end();
			await outcome.closed;
			const finals = outcome.transcripts.filter(({ kind }) => kind === 'final');
			assert.deepEqual(
				finals.map(({ text }) => text),
				[...PHRASES, ...PHRASES],
			);
			for (const [index, { startMs, endMs, turn }] of finals.entries()) {
				assert.equal(turn, index);
				// flite begins and ends with up to 250 ms of silence of its own.
				const [start = 0, end = 0] = [starts[index], ends[index]];
				assert.ok(
					startMs > start - 150 && startMs < start + 400,
					`${index}: begins at ${startMs}, said at ${start}`,
				);
				assert.ok(endMs > end - 500 && endMs < end + 150, `${index}: ends at ${endMs}, said until ${end}`);
			}
		});

		it('ends an utterance after the silence that the options say', options, async () => {
			const said = Buffer.concat([
				await speak(PHRASES[3] ?? '', { lead: 300, tail: 900 }),
				await speak(PHRASES[6] ?? '', { lead: 0, tail: 700 }),
			]);
			for (const [endSilenceMs, count] of [
				[500, 2],
				[2000, 1],
			] as const) {
				const { session, outcome } = beginStream(localProvider({ program, endSilenceMs }));
				session.write(said);
				session.end();
				await outcome.closed;
				assert.equal(outcome.finals().length, count, outcome.finals().join(' | '));
			}
		});
	});
}

describe('local speech without a pause', { skip: needs('python3-pocketsphinx', 'flite', 'sox') }, () => {
	it('is cut before it grows for ever', options, async () => {
		const { session, outcome } = beginStream(localProvider({ program: 'python3' }), {
			settings: { maxBufferMs: 200_000 },
		});
		// Without flite's own pauses.
		const words = (await speak(PHRASES[5] ?? '', { lead: 0, tail: 0 })).subarray(5000, -6000);
		for (let ms = 0; ms < 40_000; ms += words.length / 32) session.write(words);
		session.end();
		assert.equal((await outcome.closed).code, undefined);
		const finals = outcome.transcripts.filter(({ kind }) => kind === 'final');
		assert.ok(finals.length >= 2, `${finals.length} utterances`);
		for (const { startMs, endMs } of finals) assert.ok(endMs - startMs <= 30_500, `${startMs} to ${endMs}`);
	});
});
