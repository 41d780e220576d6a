import type { Target } from '../target.ts';

/** Never comes to an end. */
export const target: Target = {
	covers: [],
	seeds: [Buffer.from('for ever')],
	mutate: (input) => input,
	run() {
		for (;;);
	},
};
