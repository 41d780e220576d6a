/** One line for a table: nested figures as "name.part". */
function flat(row: object, prefix = ''): [string, unknown][] {
	return Object.entries(row).flatMap(([name, value]) =>
		value !== null && typeof value === 'object'
			? flat(value as object, `${prefix}${name}.`)
			: [[prefix + name, value] as [string, unknown]],
	);
}

export const isComplete = (row: object): boolean =>
	flat(row).every(([, value]) => typeof value !== 'number' || Number.isFinite(value));

/** More cases than fit beside each other. */
const MANY_CASES = 12;

/**
 * Figures side by side: one line for each, one column for each case; of many cases, one line for each. Columns that
 * have no room beside the others follow below.
 * @param rows whose first value is their title
 * @param width in characters
 */
export function table(rows: readonly object[], width: number): string {
	const cases = rows.map((row) => flat(row));
	const titles = cases.map(([[, title] = ['', '']]) => String(title));
	const figures = (cases[0] ?? []).slice(1).map(([name]) => name);
	const cell = (row: number, figure: number) => String(cases[row]?.[figure + 1]?.[1] ?? '');
	return cases.length > MANY_CASES
		? grid(titles, figures, cell, width)
		: grid(figures, titles, (line, column) => cell(column, line), width);
}

function grid(
	lines: readonly string[],
	columns: readonly string[],
	cell: (line: number, column: number) => string,
	width: number,
): string {
	const first = Math.max(0, ...lines.map((line) => line.length));
	const blocks: { text: string[]; width: number }[] = [];
	columns.forEach((column, at) => {
		const cells = [column, ...lines.map((_, line) => cell(line, at))];
		const wide = 2 + Math.max(...cells.map((text) => text.length));
		let block = blocks.at(-1);
		if (!block || block.width + wide > width) {
			block = { text: ['', ...lines].map((line) => line.padEnd(first)), width: first };
			blocks.push(block);
		}
		block.text = block.text.map((line, index) => line + (cells[index] as string).padStart(wide));
		block.width += wide;
	});
	return blocks.map(({ text }) => text.join('\n')).join('\n\n');
}
