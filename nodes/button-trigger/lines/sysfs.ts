import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerChip, VoiceError } from './line.ts';

export const SYSFS_GPIO = '/sys/class/gpio';

interface SysfsChip {
	label: string;
	/** The sysfs number of its first line. */
	base: number;
	lines: number;
}

/**
 * The number under which sysfs knows a BCM GPIO. The kernel hands out the numbers at boot (bases 0, 512, 569 and 571
 * all occur, beside chips that are not the header's), so it is looked up by the chip's label each time.
 * Documentation/admin-guide/gpio/sysfs.rst of the Linux kernel.
 * @param folder another folder than /sys/class/gpio, for tests
 */
export function sysfsNumber(bcm: number, folder: string = SYSFS_GPIO): number {
	return headerChip(bcm, readChips(folder)).base + bcm;
}

function readChips(folder: string): SysfsChip[] {
	let names: string[];
	try {
		names = readdirSync(folder);
	} catch (cause) {
		throw noSysfs(cause);
	}
	return names.flatMap((name) => {
		if (!/^gpiochip\d+$/.test(name)) return [];
		const read = (file: string) => readFileSync(join(folder, name, file), 'utf8').trim();
		try {
			return [{ label: read('label'), base: Number(read('base')), lines: Number(read('ngpio')) }];
		} catch {
			return []; // the chip has just gone
		}
	});
}

export function noSysfs(cause?: unknown): VoiceError {
	return new VoiceError(
		'GPIO_UNAVAILABLE',
		`This system has no ${SYSFS_GPIO}`,
		'install gpiod (sudo apt install gpiod) and use the backend "gpiomon"',
		{ retryable: true, cause },
	);
}
