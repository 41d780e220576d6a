/** Limits of a loopback recogniser that a test may shorten, or make stricter. */
export interface Limits {
	/** How long a session may last. Default: the vendor's. */
	readonly sessionMs?: number;
	/** Shortest and longest piece of audio. Default: the vendor's. */
	readonly chunkMs?: { readonly min: number; readonly max: number };
	/** How many times faster than real time audio may come. Default 1. */
	readonly pace?: number;
	/**
	 * … by how much it may be ahead. Default: 1000 where a pace is given, else what is known of the vendor's: one
	 * client was refused when it was some 310 s ahead (https://github.com/pigeonai-org/ViDove/pull/3).
	 */
	readonly paceSlackMs?: number;
	/** Sessions at the same time. Default: any number. */
	readonly sessions?: number;
	/** In place of the seconds that the client asked for. */
	readonly inactivityMs?: number;
}

/** What a session needs to know besides. */
export interface SessionRules extends Limits {
	/** A turn ends with so many words, pause or not. */
	readonly turnWords: number;
	/** The recogniser's clock, Unix milliseconds. */
	now(): number;
	/** Milliseconds by which it judges the pace. */
	paceNow(): number;
}

const SLACK_MS = 300_000;

/** @param elapsedMs since the session began */
export function isTooFast(
	{ pace, paceSlackMs = pace === undefined ? SLACK_MS : 1000 }: Limits,
	audioMs: number,
	elapsedMs: number,
): boolean {
	return audioMs > elapsedMs * (pace ?? 1) + paceSlackMs;
}
