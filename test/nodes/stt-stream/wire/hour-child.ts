import process from 'node:process';
import { setImmediate as tick } from 'node:timers/promises';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { Session } from '../../../../nodes/stt-stream/session.ts';
import { seeded } from '../engine/stream.ts';
import { sessionSettings } from '../helpers.ts';
import {
	BYTES_PER_MS,
	CYCLE_MS,
	CYCLE_WORDS,
	cycle,
	FORMAT,
	type Job,
	type Report,
	wordAtMs,
} from './hour-speech.ts';
import { Lockstep } from './lockstep.ts';

/**
 * The process in which an hour of audio is spoken, away from the recogniser, whose own memory would blur the
 * measurement: started by hour.test.ts with `--expose-gc` and a Job as JSON. Keeps nothing of what is said, but checks
 * it. Ends by itself, which also shows that no timer and no socket is left.
 */

const STEP_MS = 100;
const MINUTE_MS = 60_000;

const job = JSON.parse(process.argv[2] ?? '') as Job;
const report = (message: Report) => process.send?.(message);

/** What a leak would keep. */
const kept: unknown[] = [];

function makeProvider(): SttProvider {
	const { endpoint, apiKey, vendor, sessionLimit } = job;
	const credentials = { apiKey, token: '', serviceAccount: '' };
	const real = createProvider(vendor, { endpoint, caFile: '', model: '', options: {}, credentials });
	const capabilities = { ...real.capabilities, ...(sessionLimit && { sessionLimit }) };
	return {
		...real,
		capabilities,
		async open(options, signal) {
			const session = await real.open(options, signal);
			if (job.leaks) kept.push(session);
			return session;
		},
	};
}

/** Objects and Buffers in use, once the garbage is collected. */
async function used(): Promise<number> {
	// Sockets and HTTP/2 sessions take some turns to be gone.
	for (let turn = 0; turn < 20; turn++) await tick();
	globalThis.gc?.();
	await tick();
	globalThis.gc?.();
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

async function main(): Promise<void> {
	// Longer than a pause.
	const lockstep = new Lockstep({ lagMs: 1500 });
	const { clock } = lockstep;
	let next = 0;
	let wrong: string | undefined;
	let isOver = false;
	const counts: Record<string, number> = {};
	let greatestLagMs = 0;
	let spokenMs = 0;
	const session = new Session(
		lockstep.watch(makeProvider()),
		{ ...sessionSettings, reconnectMs: MINUTE_MS },
		{ id: 'hour', format: FORMAT },
		{
			transcript({ kind, words = [] }) {
				if (kind === 'partial') return;
				for (const { text, startMs } of words) {
					const isInTime = Math.abs(startMs - wordAtMs(next)) <= 20;
					if (text !== String(next) || !isInTime)
						wrong ??= `word ${next} (${wordAtMs(next)} ms) is "${text}" at ${startMs} ms`;
					next++;
				}
				greatestLagMs = Math.max(greatestLagMs, spokenMs - (words.at(-1)?.endMs ?? spokenMs));
			},
			event(name, details) {
				counts[name] = (counts[name] ?? 0) + 1;
				if (name === 'closed') {
					isOver = true;
					const { droppedMs, reconnects, code } = details;
					Object.assign(counts, { droppedMs, reconnects });
					if (code) wrong ??= `closed with ${code}`;
				}
			},
			failed(error) {
				wrong ??= error.message;
			},
		},
		{ clock, random: seeded(job.seed) },
	);

	for (let minute = 0; minute < job.minutes && !isOver; minute++) {
		for (let from = 0; from < MINUTE_MS; from += CYCLE_MS) {
			const pcm = cycle((minute * MINUTE_MS + from) / CYCLE_MS);
			for (let at = 0; at < CYCLE_MS && !isOver; at += STEP_MS) {
				await lockstep.pass(STEP_MS);
				const chunk = Buffer.from(pcm.subarray(at * BYTES_PER_MS, (at + STEP_MS) * BYTES_PER_MS));
				session.write(chunk);
				spokenMs += STEP_MS;
			}
		}
		report({ type: 'minute', bytes: await used() });
	}
	session.end();
	while (!isOver) await lockstep.pass(STEP_MS);
	await session.abandon();
	report({
		type: 'end',
		words: next,
		wanted: (job.minutes * MINUTE_MS * CYCLE_WORDS) / CYCLE_MS,
		...(wrong && { wrong }),
		counts,
		greatestLagMs: Math.round(greatestLagMs),
		timers: clock.pending,
		sessions: lockstep.open,
	});
	process.disconnect?.();
}

await main();
