import { flagOf, type Rules, textOf } from '../node/rules.ts';
import type { StoredNode } from './edited.ts';

/**
 * Shows what a form does not show by itself: of a setting that a flow lacks, what that means; of a choice or a box, what
 * is stored but not offered, such as `${ENV}`. Nothing of it changes because somebody looks.
 */
export function showStored(node: StoredNode, rules: Rules): void {
	for (const [name, { value }] of Object.entries(rules.numbers)) showNumber(name, node[name], value);
	for (const [name, { value }] of Object.entries(rules.choices)) offerStored(name, node[name], value);
	for (const [name, value] of Object.entries(rules.flags)) showFlag(name, node[name], value);
}

/** An empty number stays empty, and says what that means. */
export function showNumber(name: string, stored: unknown, none: number): void {
	const field = $(`#node-input-${name}`).attr('placeholder', none);
	if (stored === undefined || stored === null) field.val(none);
}

/** A choice that is stored but not offered is shown as it is; nothing is the default. */
export function offerStored(name: string, stored: unknown, none: string): void {
	const field = $(`#node-input-${name}`);
	const text = textOf(stored);
	const isOffered = field
		.find('option')
		.toArray()
		.some((option) => $(option).val() === text);
	if (text !== '' && !isOffered) $('<option>').val(text).text(text).appendTo(field);
	field.val(text || none);
}

/** What a box cannot show is kept beside it until somebody clicks the box. */
function showFlag(name: string, stored: unknown, none: boolean): void {
	const id = `node-input-${name}`;
	const box = $(`#${id}`);
	const text = textOf(stored);
	const flag = text === '' ? none : flagOf(text);
	if (flag !== undefined) {
		box.prop('checked', flag);
		return;
	}
	const label = $(`label[for="${id}"]`).attr('for', `${id}-box`);
	box.attr({ id: `${id}-box`, title: text }).prop({ checked: false, indeterminate: true });
	const kept = $('<input type="hidden">').attr('id', id).val(text).insertAfter(box);
	box.one('change', () => {
		kept.remove();
		label.attr('for', id);
		box.attr('id', id).removeAttr('title');
	});
}
