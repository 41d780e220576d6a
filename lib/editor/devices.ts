import type { DeviceName, Rate } from '../audio/device-name.ts';
import { textOf } from '../node/rules.ts';
import type { Translate } from './try.ts';
import { isEnvironment } from './validators.ts';

/** Opening PortAudio takes a slow machine many seconds. */
const TIMEOUT_MS = 30_000;
/** The last option: no name begins with a space. */
const OTHER = ' other';

const rateText = (rate: Rate): string => (typeof rate === 'number' ? String(rate) : rate.join(' – '));

/**
 * Fills the drop-down `<type>-device-choice` with the devices of the machine that runs Node-RED. The text field of the
 * setting `device` stays what is stored: hidden while the drop-down says it all, shown for "other …" and where the
 * devices are not known. The button `<type>-refresh` looks again, for a device that was plugged in just now.
 * @param choice the setting that says where from; its name is that of the query's parameter
 * @param listed the choices for which devices can be listed; with any other, such as `${ENV}`, a name is just typed
 * @param _ translates `<type>.devices.…`, and `<type>.placeholder.device`
 * @returns ends it with the dialog
 */
export function offerDevices(
	type: string,
	choice: 'backend' | 'source',
	listed: readonly string[],
	_: Translate,
): () => void {
	const chosen = $(`#node-input-${choice}`);
	const field = $('#node-input-device');
	const select = $(`#${type}-device-choice`);
	const refresh = $(`#${type}-refresh`);
	const note = $(`#${type}-device-note`);
	const problem = $(`.${type}-device-error`);
	/** Undefined while it is not known. */
	let found: DeviceName[] | undefined;
	let failure = '';
	let isListed = false;
	let isOther = false;
	let request: JQuery.jqXHR | undefined;

	const words = (key: string, values?: Record<string, string>) => _(`${type}.devices.${key}`, values);

	function details({ description, isDefault, rates = [] }: DeviceName): string {
		const rateWords = rates.length ? words('rates', { rates: rates.map(rateText).join(', ') }) : '';
		return [isDefault ? words('isDefault') : '', description, rateWords].filter(Boolean).join(', ');
	}

	function add(value: string, text: string): void {
		$('<option>').val(value).text(text).appendTo(select);
	}

	function show(): void {
		const name = textOf(field.val());
		const usual = found?.find(({ isDefault }) => isDefault);
		const device = name === '' ? usual : found?.find((device) => device.name === name);
		const isMissing = found !== undefined && name !== '' && !device && !isEnvironment(name);

		select.empty();
		add('', usual ? words('defaultIs', { name: usual.name }) : _(`${type}.placeholder.device`));
		for (const device of found ?? []) {
			const more = details(device);
			add(device.name, more ? `${device.name} (${more})` : device.name);
		}
		if (name !== '' && !device && !isOther) add(name, isMissing ? words('notThere', { name }) : name);
		add(OTHER, words('other'));
		select.val(isOther ? OTHER : name).attr('title', select.find('option:selected').text());

		// Where the devices are not known, the text field stands in for the drop-down.
		const isUnknown = failure !== '' || !isListed;
		select.toggle(!isUnknown);
		field.toggle(isUnknown || isOther);
		field.parent().toggleClass(`${type}-device-unknown`, isUnknown);
		const about = request ? words('looking') : device ? details(device) : '';
		note.text(about).toggle(about !== '');
		problem.text(failure || (isMissing ? words('missing') : '')).toggle(failure !== '' || isMissing);
		refresh.toggle(isListed).attr('aria-busy', String(!!request)).find('i').toggleClass('fa-spin', !!request);
	}

	function load(): void {
		request?.abort();
		const mine = $.ajax({
			url: `voice/${type}/devices`,
			data: { [choice]: chosen.val() },
			dataType: 'json',
			timeout: TIMEOUT_MS,
		});
		request = mine;
		show();
		// Answers may overtake one another; that of another backend is of no use any more.
		const over = (act: () => void) => () => {
			if (request !== mine) return;
			request = undefined;
			act();
			show();
		};
		mine.then(
			(devices: DeviceName[]) =>
				over(() => {
					found = devices;
					failure = '';
				})(),
			over(() => {
				const { message } = (mine.responseJSON ?? {}) as { message?: string };
				found = undefined;
				if (mine.status === 401 || mine.status === 403) failure = words('forbidden');
				else failure = message || words('noAnswer');
			}),
		);
	}

	select.on('change', () => {
		isOther = select.val() === OTHER;
		if (!isOther) field.val(String(select.val() ?? '')).trigger('change');
		show();
	});
	field.on('change', show);
	refresh.on('click', load);
	let asked: unknown;
	const begin = () => {
		// Node-RED says that everything changes when the dialog opens.
		if (chosen.val() === asked) return;
		asked = chosen.val();
		request?.abort();
		request = undefined;
		found = undefined;
		failure = '';
		isOther = isEnvironment(textOf(field.val()));
		isListed = listed.includes(String(chosen.val()));
		if (isListed) load();
		else show();
	};
	chosen.on('change', begin);
	begin();
	return () => {
		const last = request;
		request = undefined;
		last?.abort();
	};
}
