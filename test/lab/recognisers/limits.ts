/** Limits of a loopback recogniser that a test may shorten, or that are enforced only when a test says so. */
export interface Limits {
	/** How long a session may last. Default: the vendor's. */
	readonly sessionMs?: number;
	/** Shortest and longest piece of audio. Default: the vendor's. */
	readonly chunkMs?: { readonly min: number; readonly max: number };
	/** How many times faster than real time audio may come. Default: not enforced, so that tests are quick. */
	readonly pace?: number;
	/** … by how much it may be ahead. Default 1000. */
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
}
