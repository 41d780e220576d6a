import type { Talk } from './talk.ts';
import type { Texts } from './texts/texts.ts';
import type { Sight } from './view.ts';
import { statusText, timeText } from './words.ts';

/** The last seconds are shown as such. */
const URGENT_MS = 5000;

export interface Manner {
	texts: Texts;
	mode: 'click' | 'hold';
	disabled: boolean;
	/** No text is shown. */
	silent: boolean;
}

/** What there is to see of a talk. */
export function sightOf(talk: Talk, { texts, mode, disabled, silent }: Manner): Sight {
	const { phase, elapsedMs, maxMs, beginLeftMs } = talk;
	const isRecording = phase === 'recording';
	const isActive = isRecording || phase === 'starting';
	const left = beginLeftMs ?? (maxMs ? maxMs - elapsedMs : Number.POSITIVE_INFINITY);
	return {
		state: stateOf(talk, disabled),
		label: mode === 'hold' ? texts.labelHold : texts.label,
		pressed: isActive,
		stops: isActive && mode === 'click',
		disabled: disabled && !isActive,
		status: disabled && !isActive ? texts.disabled : statusText(talk, texts, mode),
		time: timeText(talk, texts),
		urgent: isRecording && left <= URGENT_MS,
		progress: isRecording && maxMs ? Math.min(1, elapsedMs / maxMs) : 0,
		...talk.text,
		silent,
	};
}

function stateOf(talk: Talk, disabled: boolean): Sight['state'] {
	if (talk.phase !== 'idle') return talk.phase;
	if (disabled) return 'disabled';
	if (talk.failure) return 'error';
	return talk.connected ? 'idle' : 'connecting';
}
