import { ConnectionTest } from './connection.editor.ts';
import { looksRight, needsKey } from './credentials.editor.ts';
import { isKeyless, type Kind, modelsOf, SECRETS, type Secret } from './kind.editor.ts';
import { isKnown, kindOf } from './kinds.editor.ts';
import { ModelList } from './model-list.editor.ts';
import type { ListedModel } from './model-store.editor.ts';
import { OptionFields } from './option-fields.editor.ts';
import { storeOptions, type Translate, writeOptions } from './options.editor.ts';

/** The settings that mean something else with another provider, by the ids of their fields. */
const OWN = ['endpoint', 'caFile', 'model', 'options', ...SECRETS] as const;

/** The JSON's field is not one that Node-RED would store: it would take the text. */
const field = (name: string) => $(name === 'options' ? '#node-config-options' : `#node-config-input-${name}`);
/** The choice of no key, beside those of `SECRETS`. */
const KEYLESS = 'keyless';

const textOf = (name: string) => String(field(name).val() ?? '');

/** The dialog of an stt-provider, from when it is open until it is saved or left. */
export class ProviderDialog {
	readonly #translate: Translate;
	readonly #storedProvider: string;
	readonly #storedOptions: unknown;
	readonly #hadOwn: boolean;
	readonly #options: OptionFields;
	readonly #models: ModelList;
	readonly #connection: ConnectionTest;
	#listed: readonly ListedModel[] = [];
	/** What was entered for each provider that was chosen on the way. */
	readonly #entered = new Map<string, Record<string, string>>();
	#provider: string;

	constructor(stored: { id: string; provider?: unknown; options?: unknown }, translate: Translate) {
		this.#translate = translate;
		this.#storedProvider = this.#provider = String(stored.provider || 'local');
		this.#storedOptions = stored.options;
		const json = field('options');
		json.val(writeOptions(stored.options));
		this.#hadOwn = OWN.some((name) => textOf(name) !== '');
		const places = {
			...{ first: $('#stt-provider-first-options'), rows: $('#stt-provider-options') },
			...{ json, problem: $('#stt-provider-problem') },
		};
		this.#options = new OptionFields(places, translate, () => this.#showVariant());
		this.#models = new ModelList(
			{
				model: () => textOf('model').trim(),
				setModel: (name) => void field('model').val(name).trigger('change'),
				options: () => this.#options.values,
				setOption: (name, value) => this.#options.set(name, value),
				onListed: (models) => {
					this.#listed = models;
					this.#suggestModels();
				},
			},
			translate,
		);

		this.#connection = new ConnectionTest(() => ({ id: stored.id, ...this.#shown }), translate);

		const provider = field('provider');
		// One that comes from the environment is no choice of the list.
		if (!isKnown(this.#provider))
			provider.append($('<option>').val(this.#provider).text(this.#provider)).val(this.#provider);
		this.#show();
		provider.on('change', () => this.#switch(String(provider.val())));
		$('#node-config-sign-in').on('change', () => {
			const { keyless } = kindOf(this.#provider);
			if (keyless) this.#options.set(keyless, $('#node-config-sign-in').val() === KEYLESS || undefined);
			this.#showSecret();
		});
		field('model')
			.add(json)
			.on('change', () => this.#models.refresh());
		field('endpoint').on('input change', () => this.#showNotes());
		$('#stt-provider-key-button').on('click', () => void $('#stt-provider-key-file').trigger('click'));
		$('#stt-provider-key-file').on('change', (event) => void takeFile(event.target as HTMLInputElement));
	}

	/** The way to sign in that is chosen; undefined if there is none. */
	get secret(): Secret | undefined {
		const { secrets } = kindOf(this.#provider);
		const chosen = $('#node-config-sign-in').val();
		return chosen === KEYLESS ? undefined : (secrets.find((secret) => secret === chosen) ?? secrets[0]);
	}

	/** Whether the field of a secret can stay as it is. */
	accepts(secret: Secret, value: string): boolean {
		if (secret !== this.secret) return true;
		const provider = this.#provider;
		if (value.trim()) return looksRight(provider, secret, value);
		return !needsKey({ provider, endpoint: textOf('endpoint'), options: textOf('options') });
	}

	/** Prepares the fields for Node-RED to store, and returns what `options` is to be. */
	save(): unknown {
		// One way to sign in: the others would only lie about.
		for (const secret of this.#unused()) field(secret).val('');
		return storeOptions(textOf('options'), this.#storedOptions);
	}

	/** It is left. */
	close(): void {
		this.#models.close();
		this.#connection.close();
	}

	/** The settings as they are now, for Node-RED to try: one way to sign in, as it would be stored. */
	get #shown(): object {
		const [endpoint, caFile, model, options] = (['endpoint', 'caFile', 'model', 'options'] as const).map(
			textOf,
		);
		const { secret } = this;
		const credentials = secret ? { [secret]: textOf(secret) } : {};
		return { provider: this.#provider, endpoint, caFile, model, options, credentials };
	}

	#switch(to: string): void {
		if (to === this.#provider) return;
		this.#entered.set(this.#provider, Object.fromEntries(OWN.map((name) => [name, textOf(name)])));
		this.#provider = to;
		// A key is for its vendor's eyes only.
		const before = this.#entered.get(to) ?? {};
		for (const name of OWN) field(name).val(before[name] ?? '');
		this.#show();
		// Has Node-RED mark the fields anew.
		field('name').trigger('change');
	}

	#show(): void {
		const kind = kindOf(this.#provider);
		const { secrets, endpoint } = kind;
		showAddresses(kind, this.#translate);
		$('.stt-provider-endpoint').toggle(endpoint !== undefined);
		field('endpoint').attr('placeholder', endpoint?.example ?? '');
		$('.stt-provider-model').toggle(kind.models !== undefined || textOf('model') !== '');
		$('.stt-provider-sign-in').toggle(secrets.length > 0);
		this.#options.show(kind);
		const keyless = isKeyless(kind, this.#options.values) ? KEYLESS : undefined;
		const used = secrets.find((secret) => textOf(secret) !== '') ?? keyless ?? secrets[0] ?? '';
		const ways = [...secrets, ...(kind.keyless ? [KEYLESS] : [])];
		$('#node-config-sign-in')
			.empty()
			.append(ways.map((way) => $('<option>').val(way).text(this.#nameOf(way))))
			.val(used);
		this.#showSecret();
		this.#showVariant();
	}

	/** What depends on an option that decides about others. */
	#showVariant(): void {
		const { variant } = this.#options;
		const words = (key: string) =>
			this.#translate(`${key}.${this.#provider}-${variant}`, { defaultValue: '' }) ||
			this.#word(key, this.#provider);
		$('#stt-provider-model-label').text(words('modelLabel'));
		field('model').attr('placeholder', words('modelPlaceholder'));
		this.#suggestModels();
		this.#showNotes();
		this.#models.show(kindOf(this.#provider).downloads?.includes(variant) ?? false);
	}

	#suggestModels(): void {
		const kind = kindOf(this.#provider);
		const isListed = kind.downloads?.includes(this.#options.variant);
		const listed = (isListed ? this.#listed : []).map(({ name, installed }) =>
			$('<option>')
				.val(name)
				.text(this.#translate(installed ? 'models.installed' : 'models.absent')),
		);
		const others = modelsOf(kind, this.#options.values).map((name) => $('<option>').val(name));
		$('#node-config-models').empty().append(listed, others);
	}

	#showSecret(): void {
		const chosen = this.secret;
		for (const secret of SECRETS) $(`.stt-provider-${secret}`).toggle(secret === chosen);
		if (chosen) {
			$(`.stt-provider-${chosen} label span`).text(this.#nameOf(chosen));
			field(chosen).attr('placeholder', this.#word(`placeholder.${chosen}`, this.#provider));
		}
		$('#stt-provider-options [data-secret]').each(
			(_, row) => void $(row).toggle(row.dataset['secret'] === chosen),
		);
		this.#showNotes();
		field('name').trigger('change');
	}

	#showNotes(): void {
		const notes = [];
		const about = this.#word('note', this.#provider);
		if (about) notes.push(about);
		if (this.#provider !== this.#storedProvider && this.#hadOwn)
			notes.push(
				this.#translate('note.replaces', { provider: this.#word('provider', this.#storedProvider) }),
			);
		const { removed } = this.#options;
		if (removed.length) notes.push(this.#translate('note.removesOptions', { options: removed.join(', ') }));
		const unused = this.#unused().filter((secret) => textOf(secret) !== '');
		if (unused.length) {
			const names = unused.map((secret) => this.#nameOf(secret)).join(', ');
			notes.push(this.#translate('note.removes', { secrets: names }));
		}
		const rows = notes.map((text) =>
			$('<div class="form-row">').append($('<div class="form-tips">').text(text)),
		);
		$('#stt-provider-notes')
			.empty()
			.append(rows)
			.toggle(rows.length > 0);
	}

	#unused(): Secret[] {
		return kindOf(this.#provider).secrets.filter((secret) => secret !== this.secret);
	}

	#nameOf(way: string): string {
		return this.#word(`secret.${way}`, this.#provider);
	}

	/** The catalogue's word for this provider, else for any. */
	#word(key: string, provider: string): string {
		const usual = this.#translate(`${key}.any`, { defaultValue: '' });
		return this.#translate(`${key}.${provider}`, { defaultValue: usual });
	}
}

function showAddresses({ endpoint }: Kind, translate: Translate): void {
	const addresses = Object.entries(endpoint?.others ?? {});
	$('#node-config-endpoints')
		.empty()
		.append(
			addresses.map(([key, url]) =>
				$('<option>')
					.val(url)
					.text(translate(`region.${key}`)),
			),
		);
}

/** The key of a service account is a file: takes its text. */
async function takeFile(chooser: HTMLInputElement): Promise<void> {
	const [file] = chooser.files ?? [];
	if (!file) return;
	field('serviceAccount')
		.val((await file.text()).trim())
		.trigger('change');
	chooser.value = '';
}
