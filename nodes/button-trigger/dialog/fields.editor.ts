import { follow } from '../../../lib/editor/dialog.ts';
import { type StoredNode, settingsOf } from '../../../lib/editor/edited.ts';
import { textOf } from '../../../lib/node/rules.ts';
import { PRESETS } from '../presets.ts';
import { RULES, TIMES } from '../rules.ts';

/** What of the dialog a backend has a use for is shown. */
export function showWhatApplies(node: StoredNode): void {
	const backend = $('#node-input-backend');
	const pull = $('#node-input-pull');
	follow(backend.add(pull), () => {
		const chosen = settingsOf(node, RULES)('backend');
		$('.button-trigger-line').toggle(chosen !== 'simulated');
		$('.button-trigger-simulated').toggle(chosen === 'simulated');
		const isPulled = textOf(pull.val() ?? 'none') !== 'none';
		$('.button-trigger-no-pull').toggle(chosen === 'onoff' && isPulled);
		$('.button-trigger-pull-needs').toggle(chosen === 'auto' && isPulled);
	});
}

/** What an empty time means. */
export function showDefaultTimes(): void {
	for (const [name, { value }] of Object.entries(TIMES)) $(`#node-input-${name}`).attr('placeholder', value);
}

/** Fills in what belongs to a board's button; says which one it is as long as everything is as there. */
export function offerPresets(): void {
	const presets = $('#button-trigger-preset');
	const fields = Object.keys(PRESETS.groveD5).map((name) => [name, $(`#node-input-${name}`)] as const);
	const all = fields.reduce((sum, [, field]) => sum.add(field), $());
	let isFilling = false;
	follow(all.filter('select'), refresh);
	follow(all.filter('input'), refresh);

	function refresh(): void {
		if (isFilling) return;
		const match = Object.entries(PRESETS).find(([, preset]) =>
			fields.every(([name, field]) => textOf(field.val()) === String(preset[name as keyof typeof preset])),
		);
		presets.val(match?.[0] ?? '');
	}

	presets.on('change', () => {
		const preset = PRESETS[String(presets.val()) as keyof typeof PRESETS];
		if (!preset) return;
		isFilling = true;
		for (const [name, field] of fields) field.val(preset[name as keyof typeof preset]).trigger('change');
		isFilling = false;
	});
}
