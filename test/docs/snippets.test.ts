import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { parseWavHeader } from '../../lib/audio/wav.ts';
import { createProvider } from '../../nodes/stt-stream/providers/index.ts';
import { needs } from '../lab/needs.ts';
import { Bench } from './bench.ts';
import { deployFlows, FLOWS } from './flows.ts';
import { CASES, runCase } from './function-nodes.ts';
import { type Fence, fencesOf, PAGES } from './markdown.ts';
import { SETTINGS } from './settings.ts';
import { compareShape, SHAPES } from './shapes.ts';
import { SHELL } from './shell.ts';
import { WEB } from './web.ts';

// Every block of code of README.md and docs/ with <!-- run: name --> before it is run, by the runner of that name.

type Runner = (fence: Fence, bench: Bench, index: number) => Promise<void>;

const each = <Value>(
	table: Readonly<Record<string, Value>>,
	runner: (name: string, value: Value) => Runner,
) => Object.fromEntries(Object.entries(table).map(([name, value]) => [name, runner(name, value)]));

const RUNNERS: Readonly<Record<string, Runner>> = {
	...each(
		SHELL,
		(_, runner): Runner =>
			({ code }, bench) =>
				runner(code, { folder: bench.subfolder(), card: bench.card }),
	),
	...each(
		SHAPES,
		(name): Runner =>
			({ code }, { nodeRed }) =>
				compareShape(nodeRed, name, code),
	),
	...each(
		CASES,
		(name, one): Runner =>
			(_, { nodeRed }) =>
				runCase(nodeRed, name, one),
	),
	...each(
		FLOWS,
		(_, { use }): Runner =>
			(_fence, bench) =>
				use(bench),
	),
	...WEB,
	'wav-header': async (_, { nodeRed, speech }) => {
		const { payload } = await nodeRed.waitFor('wav-header');
		const wav = payload as Buffer;
		const { format, dataOffset, dataBytes } = parseWavHeader(wav);
		assert.deepEqual([format, dataBytes], [{ sampleRate: 16_000, channels: 1 }, speech.length]);
		assert.ok(wav.subarray(dataOffset).equals(speech));
	},
	'own-sound': async (_, { nodeRed, folder }) => {
		await nodeRed.send('own-sound', {});
		const { playback } = await nodeRed.waitFor('own-play');
		assert.equal((playback as { durationMs: number }).durationMs, 1000);
		assert.equal(parseWavHeader(readFileSync(join(folder, 'own.wav'))).dataBytes, 32_000);
	},
	'google-options': async ({ code }) => {
		const credentials = { apiKey: '', token: 'of-somebody', serviceAccount: '' };
		const base = { endpoint: '', caFile: '', model: '', credentials };
		createProvider('google', { ...base, options: JSON.parse(code) as Record<string, unknown> });
		const mistyped = { ...base, options: { ...JSON.parse(code), loction: 'eu' } };
		assert.throws(() => createProvider('google', mistyped), /"loction"/);
	},
};

const fences = PAGES.flatMap((page) => fencesOf(page));
const named = fences.flatMap((fence, index) => {
	const { marker } = fence;
	return marker && 'run' in marker ? [{ fence, name: marker.run, index }] : [];
});

test('every runner is there, and every one is used', () => {
	const names = new Set(named.map(({ name }) => name));
	const known = new Set([...Object.keys(RUNNERS), ...SETTINGS]);
	assert.deepEqual(
		[...names].filter((name) => !known.has(name)),
		[],
		'no such runner in test/docs',
	);
	assert.deepEqual(
		[...known].filter((name) => !names.has(name)),
		[],
		'no page has that',
	);
	assert.ok(named.length > 35, `${named.length} blocks`);
});

describe('the code of README.md and docs/', {
	skip: needs('chromium', 'pulseaudio', 'alsa-utils', 'flite', 'sox', 'pocketsphinx', 'gpiod', 'openssl'),
}, () => {
	let bench: Bench;
	before(async () => {
		bench = await Bench.start(fences);
		await deployFlows(
			named.map(({ fence, name }) => ({ name, code: fence.code })),
			bench,
		);
		await bench.nodeRed.send('shape-mic', { payload: true });
		await bench.nodeRed.send('shape-button', { payload: true });
		await bench.nodeRed.send('shape-button', { payload: false });
	});
	after(() => bench?.stop());

	// Most of them wait for sound that is played or recorded.
	describe('each block', { concurrency: 3 }, () => {
		for (const { fence, name, index } of named) {
			const runner = RUNNERS[name];
			if (runner) it(`${fence.place}: ${name}`, () => runner(fence, bench, index));
		}
	});

	it('nothing of it failed unforeseen', () => {
		const errors = bench.nodeRed.errors().filter(({ type }) => type !== 'button-trigger'); // no GPIO here
		assert.deepEqual(errors, []);
	});
});
