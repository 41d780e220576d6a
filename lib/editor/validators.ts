/** Is the setting to come from the environment, as `${NAME}` or `$(NAME)`? */
export const isEnvironment = (value: unknown): boolean => /^\$(\{[^}]+\}|\([^)]+\))$/.test(String(value));

/**
 * A validator that tells the reason for which a value cannot be used.
 * @param judge gets the value, its node as `this`; undefined if there is nothing to say against it
 */
export function reasoned<T>(
	judge: (this: T, value: unknown) => string | undefined,
): (value: unknown) => boolean {
	// The second parameter, though unused, tells Node-RED that a text may come back.
	return function (this: T, value: unknown, _options?: unknown) {
		return (judge.call(this, value) ?? true) as boolean;
	} as (value: unknown) => boolean;
}
