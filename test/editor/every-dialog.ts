import type { Editor } from '../lab/editor.ts';

// Works any edit dialog by nothing but what can be seen in it: no test knows its fields.

/** A field that can be seen and used. */
export interface Field {
	id: string;
	kind: 'select' | 'checkbox' | 'password' | 'text';
	value: string | boolean;
	/** Of a select. */
	choices: string[];
	/** Shown as invalid. */
	marked: boolean;
}

/** What was chosen of the fields that decide which others there are. */
export type Choices = Readonly<Record<string, string>>;

/** Fields whose value Node-RED or the dialog keeps; others only help to fill these. */
const STORED = /^node(-config)?-input-|^node-config-(options?\b|sign-in$)/;
/** Adds a node, in place of choosing one. */
const ADD = '_ADD_';

/** Keys of two vendors in one; nobody's. */
const keyOf = (privateKey: string) =>
	JSON.stringify({
		...{ type: 'service_account', project_id: 'test', client_email: 'a@b.iam.example.org' },
		...{ id: 'key', service_account_id: 'account', private_key: privateKey },
	});

/** What a user of that field could well enter, by the name of the setting. */
const SUITABLE: Record<string, string> = {
	name: 'Kitchen',
	topic: 'kitchen',
	pin: '17',
	file: '/tmp/kitchen.wav',
	grammar: '/tmp/kitchen.jsgf',
	device: 'plughw:3',
	caFile: '/tmp/authority.pem',
	language: 'de-DE',
	languages: 'de-DE, fr-FR',
};
/** Nobody listens there. */
const NOWHERE = ['ws://127.0.0.1:9/v3/ws', '127.0.0.1:9', 'http://127.0.0.1:9/tokens'];

export class Walk {
	readonly editor: Editor;
	readonly #key: string;
	/** Some values may be there once only. */
	#count = 0;

	/** @param privateKey PEM, for fields that want one */
	constructor(editor: Editor, privateKey: string) {
		this.editor = editor;
		this.#key = keyOf(privateKey);
	}

	/** The fields of the dialog that is open, in its order. */
	fields(): Promise<Field[]> {
		return this.editor.page.evaluate(`(${fieldsInPage})()`);
	}

	/** What is stored of the dialog, as it shows it. */
	async shown(): Promise<Record<string, string | boolean>> {
		const fields = (await this.fields()).filter(({ id }) => STORED.test(id));
		return Object.fromEntries(fields.map(({ id, value }) => [id, value]));
	}

	/**
	 * Selects that decide which fields there are, each with what it offers, that which is chosen first.
	 * @param distinct only choices that make a difference; so it is of config nodes anyway
	 */
	async deciders(distinct: boolean): Promise<Record<string, string[]>> {
		const found = await this.editor.page.evaluate(`(() => {
			const fields = ${fieldsInPage};
			const ids = () => fields().map(({ id }) => id).join();
			const found = {};
			for (const { id, kind, value, choices } of fields()) {
				if (kind !== 'select' || !${STORED}.test(id)) continue;
				const select = $(document.getElementById(id));
				const look = new Map();
				const offered = [value, ...choices.filter((other) => other !== value)].filter((choice) => choice !== '${ADD}');
				for (const choice of offered)
					look.set(choice, (select.val(choice).trigger('change'), ids()));
				select.val(value).trigger('change');
				const looks = [...look.values()];
				if (new Set(looks).size === 1) continue;
				found[id] = [...look.keys()]
					.filter((_, index) => !(${distinct} || choices.includes('${ADD}')) || looks.indexOf(looks[index]) === index);
			}
			return found;
		})()`);
		return found as Record<string, string[]>;
	}

	async choose(choices: Choices): Promise<void> {
		await this.#answered();
		for (const [id, value] of Object.entries(choices)) await this.editor.fill({ [id]: value });
		await this.#answered();
	}

	/** Resolves when the dialog has all that it asked Node-RED for. */
	async #answered(): Promise<void> {
		await this.editor.page.waitForFunction('$.active === 0');
	}

	/**
	 * Gives every field that can be seen another value that is valid, also those that come into sight by it.
	 * @param keep these as they are
	 * @returns ids of what is stored and could be changed, and of what could not
	 */
	async changeAll(keep: readonly string[]): Promise<{ changed: string[]; unchanged: string[] }> {
		const seen = new Set(keep);
		const result = { changed: [...keep], unchanged: [] as string[] };
		const before = new Map((await this.fields()).map(({ id, value }) => [id, value]));
		for (;;) {
			const left = (await this.fields()).filter(({ id }) => !seen.has(id));
			if (left.length === 0) return result;
			for (const field of left) {
				seen.add(field.id);
				// Another field may have changed it.
				const isDone = before.has(field.id) && before.get(field.id) !== field.value && !field.marked;
				const isChanged = isDone || (await this.#change(field));
				if (STORED.test(field.id)) result[isChanged ? 'changed' : 'unchanged'].push(field.id);
				// What is chosen or ticked may show and hide others.
				if (field.kind === 'text' || field.kind === 'password') continue;
				await this.#answered();
				break;
			}
		}
	}

	/**
	 * Enters nonsense in a field, and leaves it as it was.
	 * @returns undefined if none is shown as invalid; else whether the dialog gives a reason for one of it
	 */
	async objection(field: Field): Promise<'reason' | 'no reason' | undefined> {
		const { page } = this.editor;
		const said = () => page.evaluate<string>(`$('.red-ui-tray-body').find('*:visible').text()`);
		const hasTip = () =>
			page.evaluate<boolean>(`!!$(document.getElementById('${field.id}')).data('tooltip')`);
		const before = await said();
		let found: 'reason' | 'no reason' | undefined;
		for (const nonsense of ['-987654321', '%%%', '']) {
			if (!(await this.#isObjectedTo(field, nonsense))) continue;
			found = (await hasTip()) || (await said()) !== before ? 'reason' : 'no reason';
			if (found === 'reason') break;
		}
		await this.#enter(field, field.value);
		return found;
	}

	async #enter({ id, kind }: Field, value: string | boolean): Promise<void> {
		const field = this.editor.field(id);
		const isPlain = (kind === 'text' || kind === 'password') && (await field.isVisible());
		if (!isPlain) return this.editor.fill({ [id]: value });
		await field.fill(String(value));
		await field.blur();
	}

	/** Enters a value. Is it shown as invalid? */
	async #isObjectedTo(field: Field, value: string | boolean): Promise<boolean> {
		await this.#enter(field, value);
		return (await this.editor.marked()).includes(field.id);
	}

	async #change(field: Field): Promise<boolean> {
		for (const value of this.#candidates(field)) if (!(await this.#isObjectedTo(field, value))) return true;
		await this.#enter(field, field.value);
		return false;
	}

	/** Values other than the present one, the most suitable first. */
	#candidates({ id, kind, value, choices }: Field): (string | boolean)[] {
		if (kind === 'checkbox') return [!value];
		if (kind === 'select')
			// The last is the one that is furthest from what is usual; but what is switched off may take others with it.
			return choices
				.filter((choice) => choice !== value && ![ADD, ''].includes(choice))
				.sort(
					(a, b) => Number(b === 'true') - Number(a === 'true') || choices.indexOf(b) - choices.indexOf(a),
				);
		const name = id.replace(/^.*-/, '');
		if (name === 'path') return [`/kitchen-${++this.#count}`];
		if (kind === 'password') return ['a-key-of-a-test', this.#key];
		const number = String(value).trim() === '' ? Number.NaN : Number(value);
		const numbers = Number.isNaN(number) ? [] : [number + 1, number / 2, 2].map(String);
		const suitable = SUITABLE[name] ?? [];
		const others = ['kitchen', '700', '7000', '2', '0.5'];
		const isAddress = /endpoint|mirror/i.test(name);
		return [suitable, isAddress ? NOWHERE : [], numbers, others]
			.flat()
			.filter((candidate) => candidate !== value);
	}
}

/**
 * Runs in the page: a Field for each that is in the topmost dialog. A text field may be hidden behind the select that
 * fills it.
 */
const fieldsInPage = `() => $('.red-ui-tray-body').find('input, select, textarea').filter(':enabled')
	.filter((_, field) => $(field).is(':visible') || $('select[data-fills="' + field.id + '"]').is(':visible'))
	.filter((_, { id, type }) => id !== '' && type !== 'file' && !/-filter$/.test(id))
	.not('[data-fills]')
	.filter((_, field) => $(field).closest('.red-ui-editableList, .monaco-editor, .red-ui-editor-text-container').length === 0)
	.toArray().map((field) => ({
		id: field.id,
		kind: field.nodeName === 'SELECT' ? 'select'
			: field.type === 'checkbox' || field.type === 'password' ? field.type : 'text',
		value: field.type === 'checkbox' ? field.checked : field.value,
		choices: field.nodeName === 'SELECT'
			? $(field).find('option:enabled').toArray().map((option) => option.value) : [],
		marked: field.classList.contains('input-error'),
	}))`;
