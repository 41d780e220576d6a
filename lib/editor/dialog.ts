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
 * Offers the devices that a backend has below the text field; any other name may be typed.
 * @param choice the field in which the backend is chosen; its name in the node is that of the query's parameter
 */
export function offerDevices(type: string, choice: 'backend' | 'source'): void {
	const field = $(`#node-input-${choice}`);
	const chosen = String(field.val());
	// Answers may overtake one another; that of another backend is of no use any more.
	const isCurrent = () => field.val() === chosen;
	const list = $('#node-input-device-names').empty();
	const problem = $(`.${type}-device-error`).hide();
	$.getJSON(
		`voice/${type}/devices`,
		{ [choice]: chosen },
		(devices: { name: string; description: string }[]) => {
			if (!isCurrent()) return;
			list.empty();
			for (const { name, description } of devices) list.append($('<option>').val(name).text(description));
		},
	).fail(({ responseJSON }) => {
		const { message } = (responseJSON ?? {}) as { message?: string };
		if (message && isCurrent()) problem.text(message).show();
	});
}
