/** How much is measured. */
export interface Extent {
	/** Of audio in each run. */
	readonly seconds: number;
	/** Of each case; the median is shown. */
	readonly runs: number;
}

/** The value below which `percent` of them are; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** The same, with three significant digits in every number. */
export function rounded<T>(value: T): T {
	if (typeof value === 'number') return Number(value.toPrecision(3)) as T;
	if (value === null || typeof value !== 'object') return value;
	if (Array.isArray(value)) return value.map(rounded) as T;
	return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rounded(item)])) as T;
}
