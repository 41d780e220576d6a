import type { ResultWord } from '../../provider.ts';
import type { NativeResult } from './addon.ts';

/** What was understood, with times in milliseconds of what the engine heard. */
export interface Understood {
	readonly text: string;
	/** Absent where the model tells no times. */
	readonly startMs?: number;
	readonly endMs?: number;
	/** See SttResult. */
	readonly settledMs?: number;
	readonly confidence?: number;
	readonly words?: readonly ResultWord[];
}

export interface ResultReading {
	/** What `start_time` must be multiplied by. */
	readonly startFactor: number;
	/** Length of a decoded frame. */
	readonly frameMs: number;
	/** Whether tokens can be put together to words. */
	readonly words: boolean;
}

/**
 * How long a token sounds after it was found, at most. Models tell only when they found one, and most do so while it is
 * still being said.
 */
const TOKEN_MS = 240;
/** What has begun to sound so shortly before the decoder's position may not be found yet. */
const ONSET_MS = 200;

/** Reads what the engine says. */
export function understood(result: NativeResult, reading: ResultReading): Understood | undefined {
	const { startFactor, frameMs, words } = reading;
	const text = result.text.trim();
	if (!text) return undefined;
	const { tokens, timestamps } = result;
	const confidence = likelihood(result.ys_probs);
	const sure = confidence === undefined ? {} : { confidence };
	const offset = result.start_time * startFactor * 1000;
	const times = timestamps.length === tokens.length ? timestamps.map((s) => offset + s * 1000) : [];
	const [first, last] = [times[0], times.at(-1)];
	if (first === undefined || last === undefined || !times.every(Number.isFinite)) return { text, ...sure };
	const { num_trailing_blanks: blanks } = result;
	const decoded = blanks === undefined ? Number.POSITIVE_INFINITY : last + (blanks + 1) * frameMs;
	const endMs = Math.min(last + TOKEN_MS, decoded);
	// In the middle of the silence.
	const settledMs = Math.max(endMs, decoded - Math.max(ONSET_MS, (decoded - endMs) / 2));
	const span = { startMs: first, endMs, ...(Number.isFinite(settledMs) && { settledMs }) };
	const found = words ? wordsOf(result, times, endMs) : [];
	// Tokens may be bytes of characters, or end up otherwise in the text.
	const same = squeeze(found.map((word) => word.text).join('')) === squeeze(text);
	return { text, ...span, ...sure, ...(same && { words: found }) };
}

const squeeze = (text: string): string => text.replaceAll(/\s/g, '');

// Written without spaces; each character is a word.
const IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

function wordsOf({ tokens, ys_probs }: NativeResult, times: readonly number[], end: number): ResultWord[] {
	const isSure = ys_probs.length === tokens.length;
	const groups: { text: string; first: number; last: number }[] = [];
	for (const [index, token] of tokens.entries()) {
		const text = token.replace(/^[▁ ]+/, '');
		const before = groups.at(-1);
		const begins = !before || text !== token || IDEOGRAPH.test(text) || IDEOGRAPH.test(before.text);
		if (begins) groups.push({ text, first: index, last: index });
		else {
			before.text += text;
			before.last = index;
		}
	}
	return groups
		.filter(({ text }) => text)
		.map(({ text, first, last }) => {
			const startMs = times[first] as number;
			const next = times[last + 1] ?? end;
			const endMs = Math.max(Math.min((times[last] as number) + TOKEN_MS, next), startMs + 1);
			const confidence = isSure ? likelihood(ys_probs.slice(first, last + 1)) : undefined;
			return { text, startMs, endMs, ...(confidence !== undefined && { confidence }) };
		});
}

/** The geometric mean of probabilities, from their logarithms. */
function likelihood(logarithms: readonly number[]): number | undefined {
	if (!logarithms.length) return undefined;
	const mean = logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length;
	return Number.isFinite(mean) ? Math.round(Math.min(1, Math.exp(mean)) * 1000) / 1000 : undefined;
}
