// What the settings of a button may be. The editor judges by the same rules as the runtime.
import type { Of, Rules } from '../../lib/node/rules.ts';
import { bcmNumber } from './lines/pin.ts';

export const BACKENDS = ['auto', 'onoff', 'gpiomon', 'simulated'] as const;
export type Backend = (typeof BACKENDS)[number];
export const ACTIVE = ['high', 'low'] as const;
export const PULLS = ['none', 'up', 'down'] as const;

/** All in milliseconds: what an empty setting means, and the most that it may be; the least is 0. */
export const TIMES = {
	debounceMs: { value: 20, max: 1000 },
	doubleClickMs: { value: 300, max: 5000 },
	longPressMs: { value: 800, max: 60_000 },
	maxHoldMs: { value: 300_000, max: 86_400_000 },
} as const;
export type TimeName = keyof typeof TIMES;

export const RULES = {
	choices: {
		backend: { value: 'auto', choices: BACKENDS },
		active: { value: 'high', choices: ACTIVE },
		pull: { value: 'none', choices: PULLS },
	},
	flags: {},
	numbers: TIMES,
} as const satisfies Rules;

const OF_A_LINE = ['pin', 'active', 'pull', 'debounceMs'];

/** Is there a use for the setting? A simulated button has no line, whatever is set for one. */
export const applies = (name: string, of: Of): boolean =>
	of('backend') !== 'simulated' || !OF_A_LINE.includes(name);

/** What a backend cannot do; undefined if it can. A simulated button has no line, whatever is set for one. */
export function pinProblem(backend: string, pin: string): 'noPin' | 'noNames' | undefined {
	if (backend === 'simulated') return undefined;
	if (pin === '') return 'noPin';
	return backend === 'onoff' && bcmNumber(pin) === undefined ? 'noNames' : undefined;
}

/** sysfs, which onoff goes through, cannot switch on a resistor. */
export function pullProblem(backend: string, pull: string): 'noPull' | undefined {
	return backend === 'onoff' && pull !== 'none' ? 'noPull' : undefined;
}
