/** Is the setting to come from the environment, as `${NAME}`? */
export const isEnvironment = (value: unknown): boolean => /^\$\{[^}]+\}$/.test(String(value));

/** Accepts a number in the range, nothing (the default is used then) and ${ENV}. */
export function number(min: number, max: number, whole = false): (value: unknown) => boolean {
	return (value) => {
		const text = String(value ?? '').trim();
		if (text === '' || isEnvironment(text)) return true;
		const size = Number(text);
		return size >= min && size <= max && (!whole || Number.isInteger(size));
	};
}
