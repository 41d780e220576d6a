import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Ten short sentences that PocketSphinx with its default US English model recognises when flite's voice rms speaks
 * them (test/lab/speech.test.ts measures it).
 */
export const PHRASES: readonly string[] = [
	'turn on the kitchen light',
	'turn off the bedroom light',
	'close the garage door',
	'close the window',
	'play some music',
	'what is the weather today',
	'stop the pump',
	'start the conveyor belt',
	'good morning how are you',
	'turn down the volume',
];

export interface SpeakOptions {
	/** Hz; flite speaks at 16000, any other rate is resampled by sox. */
	rate?: number;
	/** Milliseconds of digital silence before and after the words. */
	lead?: number;
	tail?: number;
	/** A voice of flite; only `rms` suits PocketSphinx. */
	voice?: string;
}

const spoken = new Map<string, Promise<Buffer>>();

/**
 * Synthesises `text` with flite: signed 16-bit little-endian mono PCM at `rate` (default 16000 Hz), with `lead`
 * (default 300) and `tail` (default 700) milliseconds of digital silence around it. The same text always gives the
 * same samples.
 */
export async function speak(
	text: string,
	{ rate = 16_000, lead = 300, tail = 700, voice = 'rms' }: SpeakOptions = {},
): Promise<Buffer> {
	const key = JSON.stringify([text, rate, voice]);
	let words = spoken.get(key);
	if (!words) {
		words = synthesise(text, rate, voice);
		words.catch(() => spoken.delete(key));
		spoken.set(key, words);
	}
	const pause = (ms: number) => Buffer.alloc(Math.round((ms * rate) / 1000) * 2);
	return Buffer.concat([pause(lead), await words, pause(tail)]);
}

async function synthesise(text: string, rate: number, voice: string): Promise<Buffer> {
	const folder = await mkdtemp(join(tmpdir(), 'voice-lab-speech-'));
	try {
		const wav = join(folder, 'speech.wav');
		await run('flite', ['-voice', voice, '-t', text, '-o', wav], { timeout: 60_000 });
		const raw = join(folder, 'speech.raw');
		// -R: the same dither on every run; -D: none at all, so a plain 16 kHz file passes through unchanged.
		const format = ['-r', String(rate), '-c', '1', '-b', '16', '-e', 'signed-integer', '-t', 'raw'];
		await run('sox', ['-D', '-R', wav, ...format, raw], { timeout: 60_000 });
		return await readFile(raw);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/**
 * Word error rate: substitutions, insertions and deletions needed to turn `hypothesis` into `reference`, divided by
 * the reference's number of words. Case and punctuation do not count. 0 = equal; may exceed 1.
 */
export function wordErrorRate(reference: string, hypothesis: string): number {
	const wanted = wordsOf(reference);
	const got = wordsOf(hypothesis);
	if (wanted.length === 0) return got.length === 0 ? 0 : 1;
	let row = got.map((_, column) => column + 1);
	row.unshift(0);
	for (const [index, word] of wanted.entries()) {
		const next = [index + 1];
		for (const [column, other] of got.entries()) {
			const substituted = row[column]! + (word === other ? 0 : 1);
			next.push(Math.min(substituted, row[column + 1]! + 1, next[column]! + 1));
		}
		row = next;
	}
	return row[got.length]! / wanted.length;
}

function wordsOf(text: string): string[] {
	return text
		.toLowerCase()
		.replace(/[^\p{L}\p{N}' ]+/gu, ' ')
		.split(/\s+/)
		.filter(Boolean);
}
