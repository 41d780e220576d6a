import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { needs } from './needs.ts';
import { PHRASES, speak, wordErrorRate } from './speech.ts';

const run = promisify(execFile);

test('word error rate', () => {
	assert.equal(wordErrorRate('turn on the light', 'Turn on, the light!'), 0);
	assert.equal(wordErrorRate('turn on the light', 'turn the light'), 0.25, 'one missing');
	assert.equal(wordErrorRate('turn on the light', 'turn on the big light'), 0.25, 'one too many');
	assert.equal(wordErrorRate('turn on the light', 'turn off the night'), 0.5, 'two wrong');
	assert.equal(wordErrorRate('turn on', ''), 1);
	assert.equal(wordErrorRate('stop', 'what did you say'), 4);
	assert.equal(wordErrorRate('', ''), 0);
	assert.equal(wordErrorRate('', 'huh'), 1);
});

test('speech is the same every time, at the wanted rate, between silences', {
	skip: needs('flite', 'sox'),
}, async () => {
	const pcm = await speak('stop', { lead: 100, tail: 200 });
	assert.deepEqual(pcm, await speak('stop', { lead: 100, tail: 200 }));
	assert.ok(pcm.subarray(0, 3200).every((byte) => byte === 0));
	assert.ok(pcm.subarray(-6400).every((byte) => byte === 0));
	const words = await speak('stop', { lead: 0, tail: 0 });
	assert.deepEqual(pcm.subarray(3200, -6400), words);
	const faster = await speak('stop', { rate: 48_000, lead: 0, tail: 0 });
	assert.ok(Math.abs(faster.length / words.length - 3) < 0.01);
	let peak = 0;
	for (let i = 0; i < words.length; i += 2) peak = Math.max(peak, Math.abs(words.readInt16LE(i)));
	assert.ok(peak > 5000, `speech, not noise: peak ${peak}`);
});

test('PocketSphinx understands the ten phrases', {
	skip: needs('flite', 'sox', 'pocketsphinx'),
	timeout: 300_000,
}, async () => {
	const folder = await mkdtemp(join(tmpdir(), 'voice-lab-test-'));
	try {
		const heard: string[] = [];
		for (const phrase of PHRASES) {
			const file = join(folder, 'phrase.raw');
			await writeFile(file, await speak(phrase));
			const { stdout } = await run('pocketsphinx_continuous', ['-infile', file, '-logfn', '/dev/null']);
			heard.push(stdout.trim());
		}
		assert.equal(PHRASES.length, 10);
		const rate = wordErrorRate(PHRASES.join(' '), heard.join(' '));
		assert.ok(rate <= 0.05, `word error rate ${rate}: ${heard.join(' | ')}`);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});
