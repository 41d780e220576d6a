import type { ConnectionRecord } from '../lab/recognisers/record.ts';
import { type Alignment, align, covered, owner, silentMs } from './align.ts';
import { speechless } from './faults/recognisers.ts';
import type { RecogniserName } from './flow.ts';
import { type Ledger, recognisersOf, type Stream } from './ledger.ts';
import { BYTES_PER_MS } from './speech.ts';
import { wrongWords } from './words.ts';

/** Rounding of the node's figures, and of the places of finals, which are whole milliseconds. */
const ROUNDING_MS = 3;

/** What faults did to streams, so that less can be asked of their books. */
export interface Marks {
	/** A deployment came between: some of its nodes were away for a moment. */
	readonly cut: ReadonlySet<string>;
	/** How many deployments there were. */
	readonly deployments: number;
}

/** The books of a round, in milliseconds of audio. */
export interface Sums {
	/** Of the button. */
	presses: number;
	streams: number;
	/** Sent to recognisers, each counted. */
	sentMs: number;
	/** Of that: taken by a recogniser. */
	heardMs: number;
	/** Counted as dropped and announced. */
	droppedMs: number;
	/** Of streams that failed: the part that no recogniser took; announced by 'closed' with a code. */
	failedMs: number;
	/** Of streams that a reset or a deployment ended: the part that no recogniser took. */
	abandonedMs: number;
	/** Of streams that a recogniser ended as if it had heard all: the part that it did not. */
	deniedMs: number;
	/** Of streams that were heard whole: what nobody can find again in the rest, as a card without a voice gives zeros. */
	silentMs: number;
	/** Closed without a failure. */
	whole: number;
	failed: number;
	abandoned: number;
}

export const noSums = (): Sums => ({
	presses: 0,
	streams: 0,
	sentMs: 0,
	heardMs: 0,
	droppedMs: 0,
	failedMs: 0,
	abandonedMs: 0,
	deniedMs: 0,
	silentMs: 0,
	whole: 0,
	failed: 0,
	abandoned: 0,
});

/**
 * Every stream has one end, and every sample of it was taken by the recogniser or counted as dropped.
 * @param records of the recognisers that keep what they got
 * @returns what is wrong, in words
 */
export function audit(
	ledger: Ledger,
	records: Readonly<Partial<Record<RecogniserName, readonly ConnectionRecord[]>>>,
	marks: Marks,
	sums: Sums,
): string[] {
	sums.presses += ledger.presses.filter(Boolean).length;
	const streams = ledger.streams();
	const heard = Object.fromEntries(
		Object.entries(records).map(([name, all]) => [name, assign(all, streams)]),
	) as Partial<Record<RecogniserName, Map<Stream, Heard>>>;
	const wrong: string[] = [];
	for (const stream of streams) {
		const { mic, id, ends, recordings, pcm } = stream;
		const say = (what: string) => wrong.push(`${mic} ${id} (${ends.join(', ')}): ${what}`);
		if (ends.length !== 1) say(`${ends.length} ends`);
		for (const recording of recordings)
			if (!recording.subarray(44).equals(pcm)) say('the recording differs from the chunks');
		if (recordings.length > 1) say(`${recordings.length} recordings`);
		const played = ledger.playbacks(mic, id).length;
		if (played > recordings.length || (played < recordings.length && !marks.cut.has(id)))
			say(`${played} playbacks of ${recordings.length} recordings`);
		for (const node of recognisersOf(mic))
			for (const what of auditOne(ledger, node, stream, heard[node]?.get(stream), marks, sums))
				say(`${node} ${what}`);
	}
	return wrong;
}

/** Every press is followed by its release. */
export function wrongPresses(presses: readonly boolean[], isWhole: boolean): string[] {
	const isRight = presses.every((press, index) => press === (index % 2 === 0)) && presses.length % 2 === 0;
	return isRight || !isWhole ? [] : [`button: ${presses.map((press) => (press ? 'down' : 'up')).join(' ')}`];
}

interface Heard extends Alignment {
	/** The recogniser ended well although it kept back what it understood, or had not heard all. */
	speechless: boolean;
}

function auditOne(
	ledger: Ledger,
	node: RecogniserName,
	{ id, ends, pcm }: Stream,
	heard: Heard | undefined,
	{ cut, deployments }: Marks,
	sums: Sums,
): string[] {
	const closings = ledger.events(node, id, 'closed');
	const isCut = cut.has(id);
	const most = isCut ? 1 + deployments : 1;
	if (closings.length > most || (!isCut && closings.length < 1)) return [`closed ${closings.length} times`];
	const [closing] = closings;
	if (!closing) return [];
	const sentMs = pcm.length / BYTES_PER_MS;
	const { audioMs, droppedMs, code, reconnects } = closing;
	// The local engine's own count is all there is of what it took.
	const heardMs = heard ? covered(heard.parts) / BYTES_PER_MS : node === 'stt-local' ? audioMs : 0;
	sums.streams++;
	sums.sentMs += sentMs;
	sums.heardMs += heardMs;
	const wrong: string[] = [];
	if (heard && heard.foreign > 0) wrong.push(`heard ${heard.foreign / 2} samples that nobody sent it`);
	if (droppedMs > 0 && !ledger.events(node, id, 'dropped-audio').length)
		wrong.push(`dropped ${droppedMs} ms and did not announce it`);
	const restMs = Math.max(0, sentMs - heardMs - droppedMs);
	if (isCut || ends.includes('reset')) {
		sums.abandoned++;
		sums.abandonedMs += restMs;
		return wrong;
	}
	sums.droppedMs += droppedMs;
	if (code !== undefined) {
		sums.failed++;
		sums.failedMs += restMs;
		return wrong;
	}
	sums.whole++;
	const figures = `sent ${sentMs} ms, heard ${heardMs} ms, dropped ${droppedMs} ms, audioMs ${audioMs}, reconnects ${reconnects}`;
	const isTold = heard?.speechless ?? false;
	if (isTold) sums.deniedMs += restMs;
	else sums.silentMs += restMs;
	if (!isTold && restMs > ROUNDING_MS + silentMs(pcm)) wrong.push(`lost ${restMs} ms: ${figures}`);
	if (audioMs + droppedMs < sentMs - ROUNDING_MS) wrong.push(`does not account for all: ${figures}`);
	if (heard && !isTold) wrong.push(...wrongWords(pcm, closing.text, droppedMs, heard));
	if (audioMs > sentMs + ROUNDING_MS) wrong.push(`counts more than there was: ${figures}`);
	return wrong;
}

const NOTHING: Alignment = { parts: [], foreign: 0, pauses: 0 };

/** Which stream each connection got, and which parts of it. */
function assign(records: readonly ConnectionRecord[], streams: readonly Stream[]): Map<Stream, Heard> {
	const found = new Map<Stream, Heard>();
	// One that ended before it had heard anything could be any stream's.
	if (records.some((record) => speechless.has(record) && !owner(record.audio(), streams)))
		for (const stream of streams) found.set(stream, { ...NOTHING, speechless: true });
	for (const record of records) {
		const audio = record.audio();
		const stream = owner(audio, streams);
		if (!stream) continue;
		const { parts, foreign, pauses } = align(audio, stream.pcm);
		const before = found.get(stream) ?? { ...NOTHING, speechless: false };
		found.set(stream, {
			parts: [...before.parts, ...parts],
			foreign: before.foreign + foreign,
			pauses: before.pauses + pauses,
			speechless: before.speechless || speechless.has(record),
		});
	}
	return found;
}
