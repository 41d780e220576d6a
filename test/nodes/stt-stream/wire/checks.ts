import assert from 'node:assert/strict';
import type { Transcript } from '../../../../lib/node/messages.ts';
import { BLOCK_MS } from '../../../lab/recognisers/numbered-audio.ts';
import type { ConnectionRecord } from '../../../lab/recognisers/record.ts';
import { RATE } from '../helpers.ts';

// What a recogniser got, against what was spoken. All of it is numbered audio, so that every place in it is unique.

/** One connection's audio, as a part of the stream, in milliseconds of that. */
export interface Run {
	readonly startMs: number;
	readonly endMs: number;
}

/** Silence with which the last piece of a session may be filled up. */
const PADDING_MS = 100;
/** Longer than the longest pause in numbered audio. */
const UNIQUE_MS = 2 * BLOCK_MS;

/**
 * Every connection's audio is, sample for sample, a run of the stream; together they hold all of it; and each begins
 * where the one before stopped, or where a final ended: nothing else is said twice.
 * @param sent mono s16le at `rate`
 */
export function checkRuns(
	sent: Buffer,
	records: readonly Pick<ConnectionRecord, 'audio'>[],
	finals: readonly Transcript[],
	rate = RATE,
): Run[] {
	const ms = (bytes: number) => (bytes * 500) / rate;
	const settled = [0, ...finals.map(({ endMs }) => endMs)];
	const runs: Run[] = [];
	let covered = 0;
	for (const [index, record] of records.entries()) {
		const audio = record.audio();
		if (!audio.length) continue;
		const head = withoutPadding(audio, rate).subarray(0, (UNIQUE_MS * rate) / 500);
		const start = findBefore(sent, head, covered);
		assert.ok(start >= 0, `session ${index} does not begin within ${ms(covered)} ms: audio is missing`);
		const length = commonLength(sent.subarray(start), audio);
		const rest = audio.subarray(length);
		assert.ok(
			rest.every((byte) => byte === 0) && ms(rest.length) < PADDING_MS,
			`session ${index} got something else than the stream from ${ms(start + length)} ms on`,
		);
		assert.ok(
			start === covered || settled.some((at) => Math.abs(at - ms(start)) < 1),
			`session ${index} begins at ${ms(start)} ms, where neither a session nor a final ended`,
		);
		covered = Math.max(covered, start + length);
		runs.push({ startMs: ms(start), endMs: ms(start + length) });
	}
	assert.equal(ms(covered), ms(sent.length), 'the end of the stream is missing');
	return runs;
}

/** Nothing is missing, nothing is twice. */
export function checkWords(text: string, count: number, from = 0): void {
	const said = wordsOf(text);
	const wrong = said.findIndex((word, index) => word !== String(from + index));
	if (wrong < 0 && said.length === count) return;
	const at = wrong < 0 ? Math.min(said.length, count) : wrong;
	const around = said.slice(Math.max(0, at - 3), at + 4).join(' ');
	assert.fail(`${said.length} words of ${count}; wrong from number ${from + at} on: … ${around} …`);
}

/** The words of a recogniser that may punctuate. */
export const wordsOf = (text: string): string[] => text.match(/\w+/g) ?? [];

/** Every number is where it was spoken, within `toleranceMs`. */
export function checkTimes(finals: readonly Transcript[], toleranceMs = 15): void {
	for (const { words = [] } of finals)
		for (const { text, startMs } of words) {
			const spokenMs = Number(wordsOf(text)[0]) * BLOCK_MS;
			const isThere = startMs >= spokenMs - toleranceMs && startMs <= spokenMs + 10 + toleranceMs;
			assert.ok(isThere, `${text} is said to begin at ${startMs} ms`);
		}
}

/** The audio's last place that begins no later than at `limit` and holds `head`. */
function findBefore(sent: Buffer, head: Buffer, limit: number): number {
	let at = sent.lastIndexOf(head, limit);
	while (at % 2 > 0) at = sent.lastIndexOf(head, at - 1);
	return at;
}

function commonLength(a: Buffer, b: Buffer): number {
	const longest = Math.min(a.length, b.length);
	if (a.compare(b, 0, longest, 0, longest) === 0) return longest;
	let length = 0;
	while (a[length] === b[length]) length++;
	return length - (length % 2);
}

function withoutPadding(audio: Buffer, rate: number): Buffer {
	let { length } = audio;
	const least = Math.max(2, length - (PADDING_MS * rate) / 500);
	while (length > least && audio[length - 1] === 0) length--;
	return audio.subarray(0, length + (length % 2));
}
