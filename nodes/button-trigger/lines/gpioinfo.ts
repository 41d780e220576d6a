/** The kernel's names have 32 characters at most; looking for two in a row takes the square of its length. */
const ROW_MAX = 500;

/** A line of a chip that somebody uses. */
export interface LineUse {
	/** Its number on the chip; on the header's chip that is the BCM number. */
	line: number;
	/** What its user calls itself, e.g. "gpiomon", "sysfs", "spi0 CS0"; "kernel" if it has no name. */
	by: string;
}

/**
 * Reads what gpioinfo prints of one chip; lines that nobody uses are left out. From the sources of 1.0 to 2.2
 * (tools/gpioinfo.c, tools/tools-common.c):
 * 1.x `line  17:     "GPIO17"    "gpiomon"   input  active-high [used]`, before 1.5 an unnamed user shows only in the
 * brackets, as `unused … [kernel]`; 2.x `line  17:  "GPIO17"  input consumer="gpiomon"`.
 */
export function readLineUse(text: string): LineUse[] {
	return text.split('\n').flatMap((row) => {
		if (row.length > ROW_MAX) return [];
		const [, line, rest = ''] = /^\s*line\s+(\d+):\s+(.*)$/.exec(row) ?? [];
		const by = line === undefined ? undefined : userOf(rest);
		return by === undefined ? [] : [{ line: Number(line), by }];
	});
}

function userOf(rest: string): string | undefined {
	// A name may hold anything, quotes too; what stands around it does not change.
	const v1 =
		/^(?:".*?"|unnamed)\s+(?:"(.*)"|unused|kernel|used)\s+(?:input|output)\s+active-\w+\s*(.*)$/.exec(rest);
	if (v1) {
		const [columns, name, flags = ''] = v1;
		const isUsed =
			/\b(?:used|kernel)\b/.test(flags) || /^(?:".*?"|unnamed)\s+(?:kernel|used)\s/.test(columns);
		return name ?? (isUsed ? 'kernel' : undefined);
	}
	return /\sconsumer="?(.*?)"?$/.exec(rest)?.[1];
}
