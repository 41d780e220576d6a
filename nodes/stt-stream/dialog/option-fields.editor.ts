import { isTexts, type OptionRule, parseJson } from '../providers/option-rules.ts';
import type { Kind, OfferedOption } from './kinds.editor.ts';
import { isUsable, type Options, optionsProblem, readOptions, type Translate } from './options.editor.ts';

/** A field of its own for an option: another view of the JSON, which alone is stored. */
interface OptionField {
	readonly name: string;
	readonly rule: OptionRule;
	readonly row: JQuery;
	readonly input: JQuery;
}

const ROWS_MAX = 16;

/** The options' part of the dialog: a field for each option that the provider's dialog offers, and all as JSON. */
export class OptionFields {
	readonly #rows: JQuery;
	readonly #json: JQuery;
	readonly #problem: JQuery;
	readonly #translate: Translate;
	#kind: Kind | undefined;
	#fields: OptionField[] = [];

	/**
	 * @param rows where the fields go
	 * @param json the text field with the JSON
	 * @param problem where the reason stands why it cannot be used
	 */
	constructor(rows: JQuery, json: JQuery, problem: JQuery, translate: Translate) {
		this.#rows = rows;
		this.#json = json;
		this.#problem = problem;
		this.#translate = translate;
		json.on('input change', () => this.refresh());
	}

	/** Shows the fields of another provider. */
	show(kind: Kind): void {
		this.#kind = kind;
		this.#rows.empty();
		this.#fields = kind.offers.flatMap((offer) => {
			const rule = kind.rules?.[offer.name];
			return rule ? [this.#build(offer, rule)] : [];
		});
		this.refresh();
	}

	/** Brings fields and marks in line with the JSON. */
	refresh(): void {
		const options = readOptions(this.#json.val());
		for (const { name, rule, input } of this.#fields) {
			input.prop('disabled', !options);
			if (!options) continue;
			const value = options[name];
			if (document.activeElement !== input[0]) display(input, rule, value);
			input.toggleClass('input-error', !isUsable(rule, value));
		}
		const lines = String(this.#json.val()).split('\n').length;
		this.#json.attr('rows', Math.min(Math.max(lines, 3), ROWS_MAX));
		const problem = optionsProblem(this.#kind?.rules, this.#json.val(), this.#translate);
		this.#json.toggleClass('input-error', problem !== undefined);
		this.#problem.text(problem ?? '').toggle(problem !== undefined);
	}

	#store({ name, rule, input }: OptionField): void {
		const options: Options | undefined = readOptions(this.#json.val());
		if (!options) return;
		const value = collect(input, rule);
		if (value === undefined) delete options[name];
		else options[name] = value;
		this.#json.val(Object.keys(options).length ? JSON.stringify(options, null, 2) : '');
		this.refresh();
	}

	#build(offer: OfferedOption, rule: OptionRule): OptionField {
		const { name, icon } = offer;
		const id = `node-config-option-${name}`;
		const word = (key: string) => this.#translate(`option.${name}.${key}`, { defaultValue: '' });
		const label = $('<label>')
			.attr({ for: id, title: name })
			.append($('<i>').addClass(`fa ${icon}`), ' ', $('<span>').text(word('label')));
		const input = makeInput(offer, rule, word).attr('id', id);
		const row = $('<div class="form-row">').append(label, input);
		const hint = word('hint');
		if (hint) row.append($(isCheckbox(input) ? `<label for="${id}">` : '<span>').text(hint));
		if (offer.secret) row.attr('data-secret', offer.secret);
		this.#rows.append(row);
		const field = { name, rule, row, input };
		input.on(input.is('select') ? 'change' : 'input change', () => this.#store(field));
		return field;
	}
}

const isCheckbox = (input: JQuery) => input.attr('type') === 'checkbox';
const isNumber = (rule: OptionRule) => typeof rule === 'object' && 'min' in rule;
const isList = (rule: OptionRule) =>
	rule === 'texts' || (typeof rule === 'object' && ('items' in rule || 'jsonMax' in rule));

function makeInput(offer: OfferedOption, rule: OptionRule, word: (key: string) => string): JQuery {
	if (rule === 'flag' && !offer.threeWay) return $('<input type="checkbox">');
	const choices = rule === 'flag' ? ['true', 'false'] : Array.isArray(rule) ? (offer.choices ?? rule) : [];
	if (choices.length) {
		const select = $('<select>').append($('<option value="">').text(word('unset')));
		for (const choice of choices as readonly string[])
			select.append(
				$('<option>')
					.val(choice)
					.text(word(choice) || choice),
			);
		return select;
	}
	const input = $('<input type="text">').attr('placeholder', word('placeholder'));
	return isNumber(rule) ? input.addClass('stt-dialog-number') : input;
}

/** Shows an option's value, also one that the field itself could not make. */
function display(input: JQuery, rule: OptionRule, value: unknown): void {
	if (isCheckbox(input)) {
		const text = String(value ?? '').toLowerCase();
		const isOn = /^(true|1|yes|on)$/.test(text);
		// Neither: an environment variable, or a mistake.
		input.prop({ checked: isOn, indeterminate: !isOn && !/^(false|0|no|off|)$/.test(text) });
		return;
	}
	const text = isList(rule) && isTexts(value) ? writeList(value) : writeText(value);
	if (input.is('select') && !input.find('option').is((_, option) => $(option).val() === text))
		input.append($('<option>').val(text).text(text));
	input.val(text);
}

const writeText = (value: unknown) =>
	value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');

const writeList = (texts: readonly string[]) =>
	texts.some((text) => text.includes(',')) ? JSON.stringify(texts) : texts.join(', ');

/** The option's value, of what the user has entered; undefined for none. */
function collect(input: JQuery, rule: OptionRule): unknown {
	if (isCheckbox(input)) return input.prop('checked') ? true : undefined;
	const text = String(input.val() ?? '').trim();
	if (text === '') return undefined;
	if (rule === 'flag') return /^(true|false)$/.test(text) ? text === 'true' : text;
	if (isNumber(rule)) return Number.isFinite(Number(text)) ? Number(text) : text;
	if (!isList(rule) || /^\$\{[^}]+\}$/.test(text)) return text;
	if (text.startsWith('[')) return parseJson(text) ?? text;
	return text
		.split(',')
		.map((item) => item.trim())
		.filter(Boolean);
}
