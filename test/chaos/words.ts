import { BLOCK_MS, NumberedDecoder } from '../lab/recognisers/numbered-audio.ts';
import type { Alignment } from './align.ts';
import { RATE } from './speech.ts';

/** Words that a cut in the audio may spoil: one at each side of it. */
const SPOILT = 2;

/**
 * Whether every number that was spoken whole is in the text once, and no other; but for those in audio that was
 * dropped, and for those into which a session's silence fell, as nobody had sent anything for seconds.
 * @returns what is wrong, in words
 */
export function wrongWords(
	pcm: Buffer,
	text: string,
	droppedMs: number,
	{ parts, pauses }: Alignment,
): string[] {
	const decoder = new NumberedDecoder(RATE);
	const spoken = [...decoder.push(pcm), ...decoder.end()].flatMap(({ number }) => number ?? []);
	const said = (text.match(/\w+/g) ?? []).filter((word) => /^\d+$/.test(word)).map(Number);
	const missing = spoken.filter((number) => !said.includes(number));
	const doubled = said.filter((number, at) => said.indexOf(number) !== at);
	const invented = said.filter((number) => !spoken.includes(number));
	const gone = droppedMs > 0 ? Math.ceil(droppedMs / BLOCK_MS) + SPOILT * (1 + parts.length) : 0;
	const most = gone + SPOILT * pauses;
	const wrong: string[] = [];
	if (missing.length > most) wrong.push(`the words ${missing.join(' ')} are missing in "${text}"`);
	if (doubled.length) wrong.push(`the words ${doubled.join(' ')} are doubled in "${text}"`);
	if (invented.length) wrong.push(`the words ${invented.join(' ')} were never said`);
	return wrong;
}
