import { Checks, type Problem } from '../../../lib/editor/checks.ts';
import { fitsNumber } from '../../../lib/node/rules.ts';
import { applies, pinProblem, pullProblem, RULES, TIMES, type TimeName } from '../rules.ts';

const checks = new Checks('button-trigger', RULES, applies);

const problem = (key: string | undefined): Problem | undefined => (key === undefined ? undefined : { key });

export const backend = checks.choice('backend');

export const pin = checks.other('pin', (text, of) => problem(pinProblem(of('backend'), text)));

export const active = checks.choice('active');

export const pull = checks.choice('pull', (text, of) =>
	problem(pullProblem(of('backend'), text || RULES.choices.pull.value)),
);

/** A time of the settings: a number from 0 on, or nothing. */
export const milliseconds = (name: TimeName) =>
	checks.other(name, (text) =>
		text === '' || fitsNumber(text, TIMES[name])
			? undefined
			: { key: 'ms', values: { max: String(TIMES[name].max) } },
	);
