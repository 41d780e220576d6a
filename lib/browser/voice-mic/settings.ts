/** What an element's attributes say. */
export interface TalkSettings {
	/** 0: no limit of the page's own. */
	maxMs: number;
	beginMs: number;
	/** Hertz; undefined: as the node wants it. */
	sampleRate: number | undefined;
	raw: boolean;
	/** Does text come back? */
	answers: boolean;
}

/** Hertz in which audio is sent: every sound card's rate converts to them at little cost. */
const RATES = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const;
const DEFAULT_RATE = 16_000;

/** The lowest rate that is at least as good as the wanted one; the node converts what is left to do. */
export function nearestRate(wanted: number | undefined): number {
	if (!wanted || !Number.isFinite(wanted)) return DEFAULT_RATE;
	return RATES.find((rate) => rate >= wanted) ?? 48_000;
}

/** The stricter one of two limits, of which 0 is none. */
export function tighter(a: number, b: number): number {
	return a && b ? Math.min(a, b) : a || b;
}

/** An attribute that is a number of at least 0, else the fallback. */
export function readNumber(text: string | null, fallback: number): number {
	const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
	return Number.isFinite(value) && value >= 0 ? value : fallback;
}
