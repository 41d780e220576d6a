import { fitsNumber, flagOf, type Of, type Rules, textOf } from '../node/rules.ts';
import { type StoredNode, settingsOf } from './edited.ts';
import { isEnvironment, reasoned } from './validators.ts';

/** Why a setting cannot be used: `<type>.error.<key>` of the catalogue. */
export interface Problem {
	key: string;
	values?: Record<string, string>;
}
export type Judge = (text: string, of: Of, node: StoredNode) => Problem | undefined;
type Validator = (value: unknown) => boolean;

/** Validators of a node's settings by its table of rules; nothing is said of what comes from the environment. */
export class Checks {
	readonly #type: string;
	readonly #rules: Rules;
	readonly #applies: (name: string, of: Of) => boolean;

	/** @param applies whether there is a use for a setting; one that cannot be seen is not judged */
	constructor(type: string, rules: Rules, applies: (name: string, of: Of) => boolean) {
		this.#type = type;
		this.#rules = rules;
		this.#applies = applies;
	}

	/** @param more what else may be wrong with a number that is in its range */
	number(name: string, more?: Judge): Validator {
		return this.other(name, (text, of, node) => {
			const rule = this.#rules.numbers[name];
			if (!rule) return { key: name };
			const values = { min: String(rule.min ?? 0), max: String(rule.max) };
			if (text !== '' && !fitsNumber(text, rule)) return { key: rule.integer ? 'whole' : 'number', values };
			return more?.(text, of, node);
		});
	}

	/** @param more what else may be wrong with what can be chosen */
	choice(name: string, more?: Judge): Validator {
		return this.other(name, (text, of, node) => {
			const choices = this.#rules.choices[name]?.choices ?? [];
			if (text === '' || choices.includes(text)) return more?.(text, of, node);
			return { key: 'choice', values: { choices: choices.join(', ') } };
		});
	}

	flag(name: string): Validator {
		return this.other(name, (text) =>
			text === '' || flagOf(text) !== undefined ? undefined : { key: 'flag' },
		);
	}

	other(name: string, judge: Judge): Validator {
		const type = this.#type;
		const of = (node: StoredNode) => settingsOf(node, this.#rules);
		const applies = this.#applies;
		return reasoned(function (this: StoredNode | undefined, value) {
			const node = this ?? {};
			const text = textOf(value);
			if (isEnvironment(text) || !applies(name, of(node))) return undefined;
			const problem = judge(text, of(node), node);
			return problem && (node._?.(`${type}.error.${problem.key}`, problem.values) ?? problem.key);
		});
	}
}
