import { isEnvironment } from './validators.ts';

// What the edit dialogs of several nodes do. Their rows have classes that begin with the node's type.

/** Calls `show` now, and whenever one of the fields changes. */
export function follow(fields: JQuery, show: () => void): void {
	// Of a choice 'input' says the same as 'change'; in a text field it comes with every key.
	fields.on(fields.is('select') ? 'change' : 'input change', show);
	show();
}

/** The channels of raw audio are of interest once its rate is set. */
export function followRawSampleRate(type: string): void {
	const rate = $('#node-input-rawSampleRate');
	follow(rate, () => void $(`.${type}-raw`).toggle(Number(rate.val()) !== 0));
}

/**
 * Offers the devices that a backend has below the text field, and says so if the one there is none of them; any other
 * name may be typed. The button `<type>-refresh` looks again, for a device that was plugged in just now.
 * @param choice the field in which the backend is chosen; its name in the node is that of the query's parameter
 * @param _ translates `<type>.devices.missing`
 */
export function offerDevices(type: string, choice: 'backend' | 'source', _: (key: string) => string): void {
	const field = $(`#node-input-${choice}`);
	const device = $('#node-input-device');
	const chosen = String(field.val());
	// Answers may overtake one another; that of another backend is of no use any more.
	const isCurrent = () => field.val() === chosen;
	const list = $('#node-input-device-names').empty();
	const problem = $(`.${type}-device-error`).hide();
	let names: string[] | undefined;
	const judge = () => {
		const name = String(device.val()).trim();
		if (!names) return;
		const missing = name !== '' && !isEnvironment(name) && !names.includes(name);
		problem.text(_(`${type}.devices.missing`)).toggle(missing);
	};
	const load = () => {
		$.getJSON(
			`voice/${type}/devices`,
			{ [choice]: chosen },
			(devices: { name: string; description: string }[]) => {
				if (!isCurrent()) return;
				list.empty();
				for (const { name, description } of devices) list.append($('<option>').val(name).text(description));
				names = devices.map(({ name }) => name);
				judge();
			},
		).fail(({ responseJSON }) => {
			const { message } = (responseJSON ?? {}) as { message?: string };
			if (message && isCurrent()) problem.text(message).show();
		});
	};
	device.off('.devices').on('change.devices', judge);
	$(`#${type}-refresh`).off('.devices').on('click.devices', load);
	load();
}
