import { isTexts, type OptionRule, parseJson } from '../providers/option-rules.ts';
import { type Kind, type OfferedOption, rulesOf, variantOf } from './kind.editor.ts';
import { isUsable, type Options, optionsProblem, readOptions, type Translate } from './options.editor.ts';

/** A field of its own for an option: another view of the JSON, which alone is stored. */
interface OptionField {
	readonly offer: OfferedOption;
	readonly name: string;
	readonly rule: OptionRule;
	readonly row: JQuery;
	readonly input: JQuery;
}

const ROWS_MAX = 16;

/** Where things are in the dialog. */
export interface OptionPlaces {
	/** For the fields, of those before the model and of the others. */
	readonly first: JQuery;
	readonly rows: JQuery;
	/** The text field with the JSON. */
	readonly json: JQuery;
	/** Where the reason stands why it cannot be used. */
	readonly problem: JQuery;
}

/** The options' part of the dialog: a field for each option that the provider's dialog offers, and all as JSON. */
export class OptionFields {
	readonly #places: OptionPlaces;
	readonly #translate: Translate;
	readonly #onVariant: () => void;
	#kind: Kind | undefined;
	#variant = '';
	#fields: OptionField[] = [];
	/** Values that were there, of options that the variant which was chosen since does not know. */
	#aside: Options = {};

	/** @param onVariant called when another variant of the provider is chosen */
	constructor(places: OptionPlaces, translate: Translate, onVariant: () => void) {
		this.#places = places;
		this.#translate = translate;
		this.#onVariant = onVariant;
		places.json.on('input change', () => this.refresh());
	}

	/** Which variant of the provider is chosen; see `variantOf`. */
	get variant(): string {
		return this.#variant;
	}

	/** Options that saving removes, as they do not go with what was chosen. */
	get removed(): string[] {
		return Object.keys(this.#aside);
	}

	/** All options, as far as the JSON can be read. */
	get values(): Options {
		return readOptions(this.#places.json.val()) ?? {};
	}

	/** Shows the fields of another provider. */
	show(kind: Kind): void {
		const { first, rows } = this.#places;
		this.#kind = kind;
		this.#aside = {};
		this.#variant = variantOf(kind, this.values);
		first.add(rows).empty();
		this.#fields = kind.offers.flatMap((offer) => {
			const rule = kind.rules?.[offer.name];
			return rule ? [this.#build(offer, rule)] : [];
		});
		this.#showRows();
		this.refresh();
	}

	/** Brings fields and marks in line with the JSON. */
	refresh(): void {
		const { json, problem } = this.#places;
		const options = readOptions(json.val());
		const kind = this.#kind;
		if (options && kind && variantOf(kind, options) !== this.#variant) {
			this.#variant = variantOf(kind, options);
			this.#showRows();
			this.#onVariant();
		}
		for (const { name, rule, row, input } of this.#fields) {
			input.prop('disabled', !options);
			if (!options) continue;
			const value = options[name];
			if (document.activeElement !== input[0]) display(input, rule, value);
			const own = kind && rulesOf(kind, options)?.[name];
			input.toggleClass('input-error', !isUsable(own ?? rule, value));
			if (value !== undefined && own) row.show();
		}
		const lines = String(json.val()).split('\n').length;
		json.attr('rows', Math.min(Math.max(lines, 3), ROWS_MAX));
		const reason = kind && optionsProblem(kind, json.val(), this.#translate);
		json.toggleClass('input-error', reason !== undefined);
		problem.text(reason ?? '').toggle(reason !== undefined);
	}

	/** Gives an option a value, undefined for none. */
	set(name: string, value: unknown): void {
		const options = readOptions(this.#places.json.val());
		if (!options) return;
		if (value === undefined) delete options[name];
		else options[name] = value;
		if (name === this.#kind?.variants?.option) this.#fitVariant(options);
		this.#places.json.val(Object.keys(options).length ? JSON.stringify(options, null, 2) : '');
		this.refresh();
	}

	/** Takes out what another variant does not know, and brings back what it does. */
	#fitVariant(options: Options): void {
		const rules = this.#kind && rulesOf(this.#kind, options);
		if (!rules) return;
		for (const [name, value] of Object.entries(this.#aside))
			if (rules[name]) {
				options[name] ??= value;
				delete this.#aside[name];
			}
		for (const name of Object.keys(options))
			if (!rules[name] && this.#kind?.rules?.[name]) {
				this.#aside[name] = options[name];
				delete options[name];
			}
	}

	/** Shows what there is in this variant: what is of use in it, and what has a value. */
	#showRows(): void {
		const kind = this.#kind;
		const variant = this.#variant;
		for (const { offer, row, input } of this.#fields) {
			const isKnown = variant === '' || !!kind?.variants?.of[variant]?.rules[offer.name];
			row.toggle(isKnown && (variant === '' || (offer.of?.includes(variant) ?? true)));
			if (input.is('[type="text"]'))
				input.attr(
					'placeholder',
					this.#word(offer.name, `placeholder.${variant}`) || this.#word(offer.name, 'placeholder'),
				);
		}
	}

	#word(name: string, key: string): string {
		return this.#translate(`option.${name}.${key}`, { defaultValue: '' });
	}

	#build(offer: OfferedOption, rule: OptionRule): OptionField {
		const { name, icon } = offer;
		const id = `node-config-option-${name}`;
		const word = (key: string) => this.#word(name, key);
		const label = $('<label>')
			.attr({ for: id, title: name })
			.append($('<i>').addClass(`fa ${icon}`), ' ', $('<span>').text(word('label')));
		const input = makeInput(offer, rule, word).attr('id', id);
		const row = $('<div class="form-row">').append(label, input);
		if (offer.suggestions) {
			const list = `${id}-list`;
			const suggestions = offer.suggestions.map((value) => $('<option>').val(value));
			row.append($('<datalist>').attr('id', list).append(suggestions));
			input.attr('list', list);
		}
		const hint = word('hint');
		if (hint) row.append($(isCheckbox(input) ? `<label for="${id}">` : '<span>').text(hint));
		if (offer.secret) row.attr('data-secret', offer.secret);
		(offer.first ? this.#places.first : this.#places.rows).append(row);
		const field = { offer, name, rule, row, input };
		input.on(input.is('select') ? 'change' : 'input change', () => this.set(name, collect(input, rule)));
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
	const input = $('<input type="text">');
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
