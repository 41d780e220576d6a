import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import type { Behaviour, Cue } from '../../../lab/recognisers/script.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { seeded } from '../engine/stream.ts';
import type { Job, Report } from './hour-speech.ts';

const options = { timeout: 300_000 };
const SEED = Number(process.env['VOICE_SEED'] ?? 1);
/** What the recognisers allow, so that there are hundreds of sessions; the time that AssemblyAI tells, or bytes. */
const LIMIT_MS = 20_000;
/** After that all code is compiled and every buffer has its size. */
const WARM_MINUTES = 10;
/**
 * From the 18th minute to the 53rd, on average: 34 MB of audio, 160 sessions. Half of it is the text of the stream,
 * which is kept up to a limit, for 'closed' tells it.
 */
const GROWTH_MAX = 1_000_000;

type End = Extract<Report, { type: 'end' }>;

/** How connection number `index` is treated. `broken` is the vendor's code for "try again". */
function flaky(index: number, refused: number, broken: number): Behaviour {
	const random = seeded(SEED * 10_000 + index);
	const kind = random();
	const audioMs = Math.round(random() * LIMIT_MS);
	const cue = (what: Cue): Behaviour => ({ cues: [what] });
	if (kind < 0.1) return { refuse: { status: refused } };
	if (kind < 0.3) return cue({ at: { audioMs }, do: 'drop' });
	if (kind < 0.4) return cue({ at: { audioMs }, do: 'close', code: broken, reason: 'restarting' });
	if (kind < 0.5) return cue({ at: { audioMs }, do: 'stall', forMs: 200 });
	if (kind < 0.6) return cue({ at: 'finish', do: 'drop' });
	return {};
}

const vendors = {
	assemblyai: {
		start: () =>
			startAssemblyAi({
				turnWords: 10,
				keepAudio: false,
				limits: { sessionMs: LIMIT_MS },
				script: (index) => flaky(index, 503, 3005),
			}),
		endpoint: (recogniser: LoopbackAssemblyAi) => recogniser.url,
		sessionLimit: undefined,
	},
	yandex: {
		start: () =>
			startYandex({
				turnWords: 10,
				keepAudio: false,
				limits: { bytes: LIMIT_MS * 16 },
				script: (index) => flaky(index, 14, 14),
			}),
		endpoint: (recogniser: LoopbackYandex) => recogniser.endpoint,
		sessionLimit: { ms: 300_000, bytes: LIMIT_MS * 16 },
	},
	google: {
		start: () =>
			startGoogle({
				turnWords: 10,
				keepAudio: false,
				limits: { sessionMs: LIMIT_MS },
				script: (index) => flaky(index, 14, 14),
			}),
		endpoint: (recogniser: LoopbackGoogle) => recogniser.endpoint,
		sessionLimit: { ms: LIMIT_MS, bytes: Number.MAX_SAFE_INTEGER },
	},
};

/** Speaks in a process of its own. @returns what came of it, and the memory in use after each minute of audio */
async function speak(job: Job): Promise<{ end: End; memory: number[] }> {
	const path = new URL('./hour-child.js', import.meta.url);
	const child = fork(path, [JSON.stringify(job)], { execArgv: ['--expose-gc'] });
	const memory: number[] = [];
	let end: End | undefined;
	child.on('message', (message: Report) => {
		if (message.type === 'minute') memory.push(message.bytes);
		else end = message;
	});
	// It ends by itself only if no timer and no socket is left in it.
	const [code, signal] = await once(child, 'close');
	assert.deepEqual([code, signal], [0, null]);
	assert.ok(end);
	return { end, memory };
}

async function hour(vendor: Job['vendor'], leaks: boolean, t: TestContext) {
	const recogniser = await vendors[vendor].start();
	try {
		const { endpoint, sessionLimit } = vendors[vendor];
		const { apiKey } = recogniser;
		const address = endpoint(recogniser as LoopbackAssemblyAi & LoopbackYandex & LoopbackGoogle);
		const job: Job = { vendor, endpoint: address, apiKey, minutes: 60, seed: SEED, leaks };
		const { end, memory } = await speak({ ...job, ...(sessionLimit && { sessionLimit }) });
		const grown = mean(memory.slice(-15)) - mean(memory.slice(WARM_MINUTES, WARM_MINUTES + 15));
		t.diagnostic(`${recogniser.records.length} connections, ${JSON.stringify(end)}`);
		t.diagnostic(`MB in use, each minute: ${memory.map((bytes) => (bytes / 1e6).toFixed(1)).join(' ')}`);
		t.diagnostic(`grown by ${(grown / 1e6).toFixed(2)} MB`);
		assert.equal(memory.length, 60);
		return { end, grown, records: recogniser.records };
	} finally {
		await recogniser.stop();
	}
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('an hour of audio through a recogniser that rotates and fails', { concurrency: 2 }, () => {
	for (const vendor of ['yandex', 'assemblyai', 'google'] as const)
		it(`${vendor}: no word is lost or doubled, and memory is flat (seed ${SEED})`, options, async (t) => {
			const { end, grown, records } = await hour(vendor, false, t);
			assert.equal(end.wrong, undefined);
			assert.equal(end.words, end.wanted);
			assert.deepEqual([end.timers, end.sessions], [0, 0]);
			const { closed, droppedMs, reconnects = 0, rotated = 0 } = end.counts;
			assert.deepEqual([closed, droppedMs], [1, 0]);
			// The recogniser was as bad as it should be.
			assert.ok(reconnects >= 30 && rotated >= 100, `${reconnects} reconnects, ${rotated} rotations`);
			assert.ok(records.length >= reconnects + rotated);
			assert.ok(grown < GROWTH_MAX, `grown by ${grown} bytes`);
		});

	for (const vendor of ['yandex', 'assemblyai'] as const)
		it(`${vendor}: sessions that are kept would show as memory that grows`, options, async (t) => {
			const { grown } = await hour(vendor, true, t);
			assert.ok(grown > GROWTH_MAX, `grown by ${grown} bytes`);
		});
});
