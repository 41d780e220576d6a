import type { OpenLine } from './line.ts';

/** A line with nothing on it: the button is pressed by messages and in the editor only. */
export const openSimulated: OpenLine = async () => ({
	name: 'simulated',
	high: undefined,
	close: async () => {},
});
