import type { ListedModel, ModelJob } from './model-store.editor.ts';
import type { Translate } from './options.editor.ts';

export interface ModelActions {
	use(model: ListedModel): void;
	download(model: ListedModel): void;
	cancel(model: ListedModel): void;
	delete(model: ListedModel): void;
}

export interface ModelState {
	readonly model: ListedModel;
	readonly job: ModelJob | undefined;
	/** It is the one that the dialog has chosen. */
	readonly isUsed: boolean;
	readonly isRecommended: boolean;
}

const PREFIX = 'sherpa-onnx-';
/** More languages are counted. */
const LANGUAGES_MAX = 3;

/** A model in the list: what it is, how its download stands, and what can be done with it. */
export class ModelRow {
	readonly element = $('<li>');
	readonly #translate: Translate;
	readonly #actions: ModelActions;
	#state: ModelState;
	/** What the row was built for. */
	#built = '';
	#isAsking = false;

	constructor(state: ModelState, actions: ModelActions, translate: Translate) {
		this.#state = state;
		this.#actions = actions;
		this.#translate = translate;
		this.element.attr('data-model', state.model.name);
		this.update(state);
	}

	/** Leaves buttons alone as long as they are the right ones: somebody may be about to press one. */
	update(state: ModelState): void {
		this.#state = state;
		const { model, job } = state;
		const phase = job?.state === 'running' ? 'running' : '';
		if (phase || !(model.installed || model.partBytes)) this.#isAsking = false;
		const failure = !model.installed && job?.state === 'failed' ? job.message : '';
		const built = JSON.stringify([phase, model, failure, state.isUsed, state.isRecommended, this.#isAsking]);
		if (built !== this.#built) this.#build(phase === 'running', failure ?? '');
		this.#built = built;
		if (phase && job) this.#showProgress(job);
	}

	#build(isRunning: boolean, failure: string): void {
		const { model } = this.#state;
		const hadFocus = this.element[0]?.contains(document.activeElement);
		const about = $('<div class="stt-model-about">').append(
			this.#head(),
			$('<small>').text(this.#facts()),
			model.note ? $('<small>').text(this.#translate(`models.note.${model.note}`)) : [],
			isRunning ? $('<progress>').attr('aria-label', model.name) : [],
			isRunning ? $('<small class="stt-model-progress" aria-live="polite">') : [],
			failure ? $('<div class="stt-model-failure" role="alert">').text(failure) : [],
		);
		const buttons = $('<div class="stt-model-buttons">').append(
			this.#isAsking ? [] : this.#buttons(isRunning),
		);
		this.element.empty().append(about, buttons, this.#isAsking ? this.#question() : []);
		this.element.toggleClass('stt-model-used', this.#state.isUsed);
		if (hadFocus) this.element.find('button').first().trigger('focus');
	}

	#head(): JQuery {
		const { model, isUsed, isRecommended } = this.#state;
		const badge = isUsed ? 'used' : model.installed ? 'installed' : isRecommended ? 'recommended' : '';
		return $('<div class="stt-model-head">').append(
			$('<b>').text(this.#title()).attr('title', model.languages.join(' ')),
			badge ? $('<span class="stt-model-badge">').text(this.#translate(`models.${badge}`)) : [],
		);
	}

	#title(): string {
		const { languages, kind } = this.#state.model;
		if (kind === 'speech-detector') return this.#translate('models.detector');
		if (!languages.length) return this.#translate('models.unknownLanguage');
		if (languages.length > LANGUAGES_MAX)
			return this.#translate('models.languages', { number: languages.length });
		return languages.map(languageName).join(', ');
	}

	/** Its name, size and licence. */
	#facts(): string {
		const { name, installed, partBytes, licence, note, sources } = this.#state.model;
		const unknown = sources.length > 0 ? 'models.unknownLicence' : 'models.notCatalogued';
		const facts = [name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name, this.#size()];
		// A note may say why it is not known.
		if (licence || note !== 'licence') facts.push(licence ?? this.#translate(unknown));
		if (partBytes && !installed) facts.push(this.#translate('models.part', { size: sizeOf(partBytes) }));
		return facts.join(' · ');
	}

	#size(): string {
		const { archiveBytes, exactBytes, installed, diskBytes } = this.#state.model;
		const bytes = installed ? diskBytes : archiveBytes;
		if (!bytes) return this.#translate('models.unknownSize');
		if (installed || exactBytes) return sizeOf(bytes);
		return this.#translate('models.aboutSize', { size: sizeOf(bytes) });
	}

	#buttons(isRunning: boolean): JQuery[] {
		const { model, isUsed } = this.#state;
		const { installed, partBytes } = model;
		if (isRunning) return [this.#button('cancel', () => this.#actions.cancel(model))];
		const bin = () =>
			this.#button('delete', () => {
				this.#isAsking = true;
				this.update(this.#state);
			})
				.attr('title', this.#translate('models.delete'))
				.attr('aria-label', this.#translate('models.delete'))
				.html('<i class="fa fa-trash-o"></i>');
		if (installed) return [...(isUsed ? [] : [this.#button('use', () => this.#actions.use(model))]), bin()];
		const load = this.#button(partBytes ? 'resume' : 'download', () => this.#actions.download(model));
		return partBytes ? [load, bin()] : [load];
	}

	#question(): JQuery {
		const { model, isUsed } = this.#state;
		const size = sizeOf(model.diskBytes ?? model.partBytes ?? 0);
		const leave = () => {
			this.#isAsking = false;
			this.update(this.#state);
		};
		return $('<div class="stt-model-question" role="alertdialog">').append(
			$('<span>').text(this.#translate(isUsed ? 'models.askUsed' : 'models.ask', { size })),
			this.#button('keep', leave),
			this.#button('delete', () => {
				leave();
				this.#actions.delete(model);
			}).addClass('primary'),
		);
	}

	#button(name: string, act: () => void): JQuery {
		return $('<button type="button" class="red-ui-button red-ui-button-small">')
			.attr('data-action', name)
			.text(this.#translate(`models.${name}`))
			.on('click', act);
	}

	#showProgress({ phase, done, total }: ModelJob): void {
		const bar = this.element.find('progress');
		if (total) bar.attr({ max: total, value: done });
		else bar.removeAttr('value');
		const values = { done: sizeOf(done), total: total ? sizeOf(total) : '?' };
		this.element
			.find('.stt-model-progress')
			.text(this.#translate(`models.phase.${phase ?? 'begin'}`, values));
	}
}

/** In the language of the editor. */
export function languageName(tag: string): string {
	try {
		return new Intl.DisplayNames([RED.i18n.lang() || 'en-US'], { type: 'language' }).of(tag) ?? tag;
	} catch {
		return tag;
	}
}

/** As tools show sizes: 21 MB, 1.2 GB. */
function sizeOf(bytes: number): string {
	const unit = bytes < 1e9 ? 'megabyte' : 'gigabyte';
	const size = Math.max(bytes / (bytes < 1e9 ? 1e6 : 1e9), 0.1);
	const maximumFractionDigits = size < 10 ? 1 : 0;
	return new Intl.NumberFormat(RED.i18n.lang() || 'en-US', {
		style: 'unit',
		unit,
		maximumFractionDigits,
	}).format(size);
}
