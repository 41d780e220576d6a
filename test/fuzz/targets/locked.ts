import { isOpen } from '../lock.ts';
import { byteMutator } from '../mutate.ts';
import { rule, type Target } from '../target.ts';

/** Fails behind comparisons that guessing alone does not pass. */
export const target: Target = {
	covers: ['test/fuzz/lock.js'],
	seeds: [Buffer.from('...')],
	mutate: byteMutator([]),
	run: (input) => rule(!isOpen(input), 'opened'),
};
