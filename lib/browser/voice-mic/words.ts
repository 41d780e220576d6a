import type { Failure } from './failure.ts';
import type { Talk } from './talk.ts';
import { fill, type Texts } from './texts/texts.ts';

/** The sentence for a failure. */
export function failureText({ code, detail }: Failure, texts: Texts): string {
	// Only what stands before a colon is a code; the rest is English.
	return fill(texts.failures[code], { code: detail.split(':')[0] ?? '' });
}

/** The line that says what goes on. */
export function statusText(talk: Talk, texts: Texts, mode: 'click' | 'hold'): string {
	const { phase, failure, note, maxMs } = talk;
	const isHold = mode === 'hold';
	if (failure) return failureText(failure, texts);
	switch (phase) {
		case 'starting':
			return note === 'asking' ? texts.asking : texts.starting;
		case 'recording':
			if (talk.beginLeftMs !== undefined)
				return maxMs ? fill(texts.speakNow, { limit: Math.round(maxMs / 1000) }) : texts.speakNowUnlimited;
			return isHold ? texts.recordingHold : texts.recording;
		case 'finishing':
			return note === 'limitReached' ? texts.limitReached : texts.recognising;
		case 'idle':
			if (note === 'readyToHold' && !isHold) break;
			if (note && note !== 'limitReached') return texts[note];
	}
	if (talk.connected) return isHold ? texts.idleHold : texts.idle;
	return talk.disconnected ? texts.reconnecting : texts.connecting;
}

/** `0:03 / 0:20`, or what is left to begin. */
export function timeText(talk: Talk, texts: Texts): string {
	const { phase, elapsedMs, maxMs, beginLeftMs } = talk;
	if (phase === 'recording' && beginLeftMs !== undefined)
		return fill(texts.waiting, { seconds: Math.ceil(beginLeftMs / 1000) });
	// Not to be broken into lines.
	return maxMs ? `${minutes(elapsedMs)}\u00a0/\u00a0${minutes(maxMs)}` : minutes(elapsedMs);
}

function minutes(ms: number): string {
	const seconds = Math.floor(ms / 1000);
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
