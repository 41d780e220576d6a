import { isEnvironment, number, reasoned } from '../../../lib/editor/validators.ts';
import { ACTIVE, BACKENDS, PULLS, pinProblem, pullProblem, TIMES, type TimeName } from '../rules.ts';

/** Words of the node's catalogue. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

/** A node as the editor has it, also one of a flow that was written by hand. */
export interface StoredButton {
	id?: string;
	name?: string | undefined;
	backend?: unknown;
	pin?: unknown;
	pull?: unknown;
	_?: Translate;
}

/** The node whose dialog is open. */
let edited: unknown;

/** From now on what is chosen in the open dialog counts for this node, and not what is stored. */
export function startEditing(node: unknown): void {
	edited = node;
}

export function stopEditing(): void {
	edited = undefined;
}

export const textOf = (value: unknown): string => String(value ?? '').trim();

export function backendOf(node: StoredButton): string {
	const value = edited === node ? $('#node-input-backend').val() : node.backend;
	return textOf(value) || 'auto';
}

interface Problem {
	key: string;
	values?: Record<string, string | number>;
}
type Judge = (this: StoredButton, text: string) => Problem | undefined;

/** Judges a setting that may also come from the environment; the reason is a text of the catalogue. */
function check(judge: Judge): (value: unknown) => boolean {
	return reasoned(function (this: StoredButton | undefined, value) {
		const text = textOf(value);
		if (isEnvironment(text)) return undefined;
		const problem = judge.call(this ?? {}, text);
		if (!problem) return undefined;
		return this?._?.(`button-trigger.error.${problem.key}`, problem.values) ?? problem.key;
	});
}

const isSimulated = (node: StoredButton) => backendOf(node) === 'simulated';

const isNoChoice = (text: string, choices: readonly string[]): Problem | undefined =>
	text === '' || choices.includes(text)
		? undefined
		: { key: 'choice', values: { choices: choices.join(', ') } };

export const backend = check((text) => isNoChoice(text, BACKENDS));

export const pin = check(function (text) {
	const key = pinProblem(backendOf(this), text);
	return key && { key };
});

export const active = check(function (text) {
	return isSimulated(this) ? undefined : isNoChoice(text, ACTIVE);
});

export const pull = check(function (text) {
	if (isSimulated(this)) return undefined;
	const key = pullProblem(backendOf(this), text || 'none');
	return isNoChoice(text, PULLS) ?? (key && { key });
});

/** A time of the settings: a number from 0 on, or nothing. */
export const milliseconds = (name: TimeName) =>
	check(function (text) {
		const { max } = TIMES[name];
		if (number(0, max)(text) || (name === 'debounceMs' && isSimulated(this))) return undefined;
		return { key: 'ms', values: { max } };
	});
