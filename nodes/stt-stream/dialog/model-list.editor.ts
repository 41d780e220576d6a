import { isEnvironment } from '../../../lib/editor/validators.ts';
import { languageName, ModelRow } from './model-row.editor.ts';
import { type ListedModel, ModelStore } from './model-store.editor.ts';
import type { Translate } from './options.editor.ts';

const DETECTOR = 'speech-detector';
/** As the runtime judges names (store.ts), and none of a single file. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;

/** What of the dialog the list works on. */
export interface ModelSettings {
	/** The model that is chosen: a name or a folder. */
	model(): string;
	setModel(name: string): void;
	/** The options as they are now. */
	options(): Readonly<Record<string, unknown>>;
	setOption(name: string, value: unknown): void;
	/** There is news of which models there are: downloaded ones first. */
	onListed(models: readonly ListedModel[]): void;
}

/** The models of the catalogue and those that are downloaded. */
export class ModelList {
	readonly #element = $('#stt-provider-models');
	readonly #filter = $('#node-config-models-filter');
	readonly #rows = new Map<string, ModelRow>();
	readonly #settings: ModelSettings;
	readonly #translate: Translate;
	readonly #store: ModelStore;
	/** Models that stand above the others; none moves while somebody may be about to press its buttons. */
	#top: ReadonlySet<string> | undefined;
	#mirrorProblem = '';
	#isLoaded = false;

	constructor(settings: ModelSettings, translate: Translate) {
		this.#settings = settings;
		this.#translate = translate;
		this.#store = new ModelStore(translate, () => this.refresh());
		this.#filter.on('change', () => {
			const language = String(this.#filter.val());
			this.#top = undefined;
			this.refresh();
			this.#store.load(language.startsWith('*') ? '' : language);
		});
	}

	show(isShown: boolean): void {
		this.#element.toggle(isShown);
		if (isShown && !this.#isLoaded) this.#store.load();
		this.#isLoaded ||= isShown;
		if (isShown) this.refresh();
	}

	close(): void {
		this.#store.close();
	}

	/** Brings the list in line with what Node-RED has said, and with what is chosen. */
	refresh(): void {
		const { models, folder, recommended } = this.#store.listing;
		const problem = this.#mirrorProblem || this.#store.problem;
		this.#element
			.find('.stt-models-problem')
			.text(problem)
			.toggle(problem !== '');
		this.#element.find('.stt-models-folder').text(folder && this.#translate('models.folder', { folder }));
		this.#fillFilter(models);
		if (folder) this.#top ??= new Set(models.filter((model) => this.#isTop(model)).map(({ name }) => name));
		const isTop = ({ name }: ListedModel) => Number(this.#top?.has(name) ?? false);
		const shown = models.filter((model) => this.#passes(model)).sort((a, b) => isTop(b) - isTop(a));
		const list = this.#element.find('ul');
		const rows = [...this.#typed(models), ...shown].map((model) => {
			const state = {
				model,
				job: this.#store.job(model.name),
				isUsed: this.#isUsed(model),
				isRecommended: model.name === recommended,
			};
			const row = this.#rows.get(model.name) ?? new ModelRow(state, this.#actions, this.#translate);
			this.#rows.set(model.name, row);
			row.update(state);
			return row.element;
		});
		const isSame =
			list.children().toArray().length === rows.length &&
			rows.every((row, at) => list.children()[at] === row[0]);
		if (!isSame) {
			// A row's buttons would lose what makes them work.
			list.children().detach();
			list.append(rows);
		}
		list.toggle(rows.length > 0);
		const byUse = [...models].sort((a, b) => Number(b.installed) - Number(a.installed));
		this.#settings.onListed(byUse.filter(({ kind }) => kind !== DETECTOR));
	}

	readonly #actions = {
		use: ({ name, kind }: ListedModel) => {
			if (kind === DETECTOR) this.#settings.setOption('vad', name);
			else this.#settings.setModel(name);
			this.refresh();
		},
		download: ({ name }: ListedModel) => {
			const mirror = String(this.#settings.options()['modelMirror'] ?? '').trim();
			// Only the runtime knows its environment.
			this.#mirrorProblem = isEnvironment(mirror) ? this.#translate('models.mirrorFromEnvironment') : '';
			if (this.#mirrorProblem) this.refresh();
			else this.#store.download(name, mirror);
		},
		cancel: ({ name }: ListedModel) => this.#store.cancel(name),
		delete: ({ name }: ListedModel) => this.#store.delete(name),
	};

	#isUsed({ name, kind }: ListedModel): boolean {
		return name === (kind === DETECTOR ? this.#settings.options()['vad'] : this.#settings.model());
	}

	#isTop(model: ListedModel): boolean {
		return model.installed || this.#isUsed(model) || this.#store.job(model.name)?.state === 'running';
	}

	/** A model that was typed, or that an imported flow has: any of the publisher's can be downloaded. */
	#typed(models: readonly ListedModel[]): ListedModel[] {
		const name = this.#settings.model();
		if (!this.#store.listing.folder || !MODEL_NAME.test(name) || models.some((model) => model.name === name))
			return [];
		return [{ name, languages: [], sources: [], installed: false }];
	}

	#passes(model: ListedModel): boolean {
		const filter = String(this.#filter.val() ?? '');
		if (filter === '*installed') return model.installed || this.#store.job(model.name)?.state === 'running';
		return filter === '*' || this.#isUsed(model) || model.languages.includes(filter);
	}

	#fillFilter(models: readonly ListedModel[]): void {
		const tags = [...new Set(models.flatMap(({ languages }) => languages))];
		if (!tags.length && this.#filter.children().length) return;
		if (this.#filter.children().length === tags.length + 2) return;
		const named = tags.map((tag) => ({ tag, name: languageName(tag) }));
		named.sort((a, b) => a.name.localeCompare(b.name));
		const chosen = this.#filter.val() ?? '*';
		this.#filter.empty().append(
			...['*', '*installed'].map((value) =>
				$('<option>')
					.val(value)
					.text(this.#translate(value === '*' ? 'models.all' : 'models.downloaded')),
			),
			...named.map(({ tag, name }) => $('<option>').val(tag).text(name)),
		);
		this.#filter.val(chosen);
	}
}
