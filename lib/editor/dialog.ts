import type { Of } from '../node/rules.ts';

// What the edit dialogs of several nodes do.

/** Calls `show` now, and whenever one of the fields changes. */
export function follow(fields: JQuery, show: () => void): void {
	// Of a choice 'input' says the same as 'change'; in a text field it comes with every key.
	fields.filter('select, :checkbox').on('change', show);
	fields.not('select, :checkbox').on('input change', show);
	show();
}

/** Shows the rows of those settings for which there is a use, now and whenever one of them changes. */
export function showWhatApplies(
	settings: readonly string[],
	applies: (name: string, of: Of) => boolean,
	of: Of,
): void {
	const fields = settings.map((name) => [name, $(`#node-input-${name}`)] as const);
	const all = fields.reduce((sum, [, field]) => sum.add(field), $());
	follow(all, () => {
		for (const [name, field] of fields) field.closest('.form-row').toggle(applies(name, of));
	});
}
