import { isEnvironment } from '../../../lib/editor/validators.ts';
import { isAllowed, isObject, type OptionRule, parseJson } from '../providers/option-rules.ts';
import { isOff, type Kind, rulesOf } from './kind.editor.ts';

export type Options = Record<string, unknown>;
/** Words of the catalogue of stt-stream. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

/** The options as an object, of what is stored or typed; undefined if they are none. */
export function readOptions(stored: unknown): Options | undefined {
	if (isObject(stored)) return stored;
	const value = parseJson(String(stored ?? '').trim() || '{}');
	return isObject(value) ? value : undefined;
}

/** As they are shown. */
export function writeOptions(stored: unknown): string {
	const options = readOptions(stored);
	if (!options) return String(stored);
	return Object.keys(options).length ? JSON.stringify(options, null, 2) : '';
}

/** What is to be stored of the text; `before` if that says the same. */
export function storeOptions(text: string, before: unknown): unknown {
	const options = readOptions(text);
	if (!options) return text.trim();
	const same = before !== undefined && JSON.stringify(readOptions(before)) === JSON.stringify(options);
	return same ? before : Object.keys(options).length ? options : '';
}

/** Why the options cannot be used: the first that is unknown to the provider, or has no value that it may have. */
export function optionsProblem(kind: Kind, stored: unknown, translate: Translate): string | undefined {
	if (isEnvironment(stored)) return undefined;
	const options = readOptions(stored);
	if (!options) return translate('error.notJson');
	const rules = rulesOf(kind, options);
	if (!rules) return undefined;
	for (const [name, value] of Object.entries(options)) {
		const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
		const isForOther = !rule && !!kind.variants?.ignoresOff && Object.hasOwn(kind.rules ?? {}, name);
		if (isForOther && isOff(value)) continue;
		if (!rule) return unknownOption(kind, options, name, translate);
		if (!isUsable(rule, value)) return `"${name}": ${demand(rule, translate)}`;
	}
	const objection = kind.objection?.(options);
	return objection && translate(`error.${objection}`);
}

function unknownOption(kind: Kind, options: Options, name: string, translate: Translate): string {
	const { rules, variants } = kind;
	if (!variants || !rules || !Object.hasOwn(rules, name)) return translate('error.unknownOption', { name });
	const { option } = variants;
	return translate('error.otherVariant', {
		name,
		option,
		value: String(options[option] ?? Object.keys(variants.of)[0]),
	});
}

export const isUsable = (rule: OptionRule, value: unknown): boolean =>
	isEnvironment(value) || isAllowed(rule, value);

function demand(rule: OptionRule, translate: Translate): string {
	if (typeof rule === 'string') return translate(`error.${rule}`);
	if ('pattern' in rule) return translate('error.pattern');
	if ('items' in rule) return translate('error.items');
	if ('jsonMax' in rule) return translate('error.jsonMax', { max: rule.jsonMax });
	if ('min' in rule) {
		const { min, max, integer } = rule;
		return translate(integer ? 'error.whole' : 'error.number', { min, max });
	}
	return translate('error.choice', { choices: rule.join(', ') });
}
