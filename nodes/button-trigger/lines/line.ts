import { VoiceError } from '../../../lib/node/errors.ts';

export { bcmNumber } from './pin.ts';
export { VoiceError };

export type Pull = 'none' | 'up' | 'down';

export interface LineRequest {
	/** A BCM number ("17", "GPIO17"), or where the backend knows them the name of a line. */
	pin: string;
	/** The resistor to switch on; 'none' leaves it as it is. */
	pull: Pull;
}

export interface LineEvents {
	/** The voltage at the pin is high (true) or low now. May repeat itself and may bounce. */
	onLevel(high: boolean): void;
	/** The line is gone and closed; nothing follows. */
	onLost(error: VoiceError): void;
}

/** An open GPIO line. */
export interface Line {
	/** For people, e.g. "GPIO 17". */
	readonly name: string;
	/** The latest level; undefined before the first edge where the backend cannot read the level itself. */
	readonly high: boolean | undefined;
	/** Gives the line back; resolves when others can have it. Never rejects. No event follows. */
	close(): Promise<void>;
}

/**
 * Opens a line as an input that reports both edges. Rejects with GPIO_UNAVAILABLE, GPIO_LINE_NOT_FOUND, GPIO_BUSY or
 * GPIO_PERMISSION; `retryable` says whether it is worth to try again later.
 */
export type OpenLine = (request: LineRequest, events: LineEvents) => Promise<Line>;

/**
 * Labels of the chip behind a Raspberry Pi's 40-pin header; its line n is BCM GPIO n. A Pi 5 has several chips and
 * its header is rp1's. Numbers and device names of chips differ from kernel to kernel (raspberrypi/linux#6084,
 * #6144), labels do not.
 */
const HEADER_LABELS = ['pinctrl-rp1', 'pinctrl-bcm2712', 'pinctrl-bcm2711', 'pinctrl-bcm2835'];

/**
 * Picks the chip of the header and makes sure that it has the line.
 * @param chips all chips of the machine; `lines` is how many lines a chip has
 */
export function headerChip<Chip extends { label: string; lines: number }>(
	bcm: number,
	chips: readonly Chip[],
): Chip {
	const found = HEADER_LABELS.map((label) => chips.find((chip) => chip.label === label));
	const chip = found.find((candidate) => candidate !== undefined);
	if (!chip) {
		const others = chips.map(({ label }) => label).join(', ') || 'none at all';
		throw new VoiceError(
			'GPIO_UNAVAILABLE',
			`This machine has no Raspberry Pi GPIO header (its GPIO chips: ${others})`,
			'on another board set the pin to the name of a line that gpioinfo shows, without GPIO use the backend "simulated"',
			{ retryable: true },
		);
	}
	if (bcm >= chip.lines)
		throw new VoiceError(
			'GPIO_LINE_NOT_FOUND',
			`There is no GPIO ${bcm} on the chip ${chip.label}`,
			`use a BCM number from 0 to ${chip.lines - 1}`,
		);
	return chip;
}
