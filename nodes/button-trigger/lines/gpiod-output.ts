// What the command line tools of libgpiod print. Versions 1 and 2 differ in nearly all of it; both were read in the
// sources (tools/*.c of v1.6.3 and v2.3, git.kernel.org/pub/scm/libs/libgpiod/libgpiod.git).

export type Major = 1 | 2;

/** A chip as gpiodetect lists it. */
export interface DetectedChip {
	readonly name: string;
	readonly label: string;
	readonly lines: number;
}

/** Of `--version`: "gpiomon (libgpiod) v1.6.3", "gpiomon v2.2.1 (libgpiod v2.2.1)". Undefined for any other. */
export function readMajor(text: string): Major | undefined {
	const major = Number(/\bv?(\d+)\.\d+/.exec(text)?.[1]);
	return major === 1 || major === 2 ? major : undefined;
}

export function readChips(text: string): DetectedChip[] {
	const chips = text.matchAll(/^(gpiochip\d+) \[(.*)\] \((\d{1,6}) lines\)$/gm);
	return [...chips].map(([, name, label, lines]) => ({ name: name!, label: label!, lines: Number(lines) }));
}

/** Where a line of a name is: v1's gpiofind prints `gpiochip0 17`, v2's gpioinfo `gpiochip0 17<tab>"GPIO17" …`. */
export function readPlace(text: string): { chip: string; offset: number } | undefined {
	const [, chip, offset] = /^(gpiochip\d+)[ \t]+(\d{1,6})\b/m.exec(text) ?? [];
	return chip && offset ? { chip, offset: Number(offset) } : undefined;
}

/** A line of gpiomon's output: an edge to high or low, the announcement of v2, or nothing known. */
export function readEdge(major: Major, text: string): 'high' | 'low' | 'watching' | undefined {
	// v1's %e: 1 rising, 0 falling; v2's %E in words (its %e: 1 rising, 2 falling)
	if (text === (major === 1 ? '1' : 'rising')) return 'high';
	if (text === (major === 1 ? '0' : 'falling')) return 'low';
	return text.startsWith('Monitoring line') ? 'watching' : undefined;
}
