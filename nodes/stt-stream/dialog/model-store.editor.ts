import type { ModelJob } from '../model-jobs.ts';
import type { ListedModel } from '../providers/local/models/listing.ts';
import type { Translate } from './options.editor.ts';

export type { ListedModel, ModelJob };

const PATH = 'voice/stt-stream/models';
const POLL_MS = 1000;
/** After an answer that was none. */
const AGAIN_MS = 4000;

interface Listing {
	readonly folder: string;
	readonly models: readonly ListedModel[];
	readonly recommended?: string;
}

/**
 * What Node-RED's model manager says, for as long as a dialog is open. Downloads are Node-RED's: they go on without it.
 * Its routes are those of model-routes.ts.
 */
export class ModelStore {
	listing: Listing = { folder: '', models: [] };
	/** Why that could not be asked, and why what was wanted last could not be done. */
	readonly #problems = { read: '', write: '' };
	readonly #jobs = new Map<string, ModelJob>();
	readonly #translate: Translate;
	readonly #onChange: () => void;
	#timer: number | undefined;
	#language = '';
	#isClosed = false;

	constructor(translate: Translate, onChange: () => void) {
		this.#translate = translate;
		this.#onChange = onChange;
	}

	/** Why something could not be done, as a sentence; '' for nothing. */
	get problem(): string {
		return this.#problems.write || this.#problems.read;
	}

	/** How the last download of a model stands. */
	job(name: string): ModelJob | undefined {
		return this.#jobs.get(name);
	}

	/** Looks what there is. @param language for which a model is to be recommended, '' for none */
	load(language = this.#language): void {
		this.#language = language;
		const listed = $.getJSON(PATH, language ? { language } : {}).then((listing: Listing) => {
			if (this.#language === language) this.listing = listing;
		});
		this.#settle($.when(listed, this.#askJobs()), 'read');
	}

	download(name: string, mirror: string): void {
		this.#problems.write = '';
		const request = $.ajax({
			url: `${PATH}/downloads`,
			method: 'POST',
			contentType: 'application/json',
			data: JSON.stringify({ name, mirror }),
		});
		this.#settle(
			request.then((job: ModelJob) => void this.#jobs.set(name, job)),
			'write',
		);
	}

	/** Ends a download; what there is of it stays. */
	cancel(name: string): void {
		this.#remove(`${PATH}/downloads/${encodeURIComponent(name)}`);
	}

	/** Deletes a model, or what an unfinished download has left of it. */
	delete(name: string): void {
		this.#remove(`${PATH}/${encodeURIComponent(name)}`);
	}

	/** Asks no more. */
	close(): void {
		this.#isClosed = true;
		window.clearTimeout(this.#timer);
	}

	#remove(url: string): void {
		this.#problems.write = '';
		const request = $.ajax({ url, method: 'DELETE' });
		request.then(
			() => this.load(),
			(failed: JQuery.jqXHR) => {
				// It may have ended in between.
				this.load();
				if (failed.status !== 404) this.#complain(failed, 'write');
			},
		);
	}

	#askJobs() {
		return $.getJSON(`${PATH}/downloads`).then((jobs: ModelJob[]) => {
			this.#jobs.clear();
			for (const job of jobs) this.#jobs.set(job.name, job);
		});
	}

	#settle(request: PromiseLike<unknown>, what: 'read' | 'write'): void {
		request.then(
			() => {
				this.#problems[what] = '';
				this.#changed();
			},
			(failed: JQuery.jqXHR) => this.#complain(failed, what),
		);
	}

	#changed(afterMs = POLL_MS): void {
		if (this.#isClosed) return;
		this.#onChange();
		window.clearTimeout(this.#timer);
		if (this.#running().length) this.#timer = window.setTimeout(() => this.#poll(), afterMs);
	}

	#running = (): string[] =>
		[...this.#jobs.values()].filter(({ state }) => state === 'running').map(({ name }) => name);

	#poll(): void {
		const ran = this.#running();
		this.#askJobs().then(
			() => {
				this.#problems.read = '';
				const still = this.#running();
				if (ran.some((name) => !still.includes(name))) this.load();
				else this.#changed();
			},
			(failed: JQuery.jqXHR) => this.#complain(failed, 'read'),
		);
	}

	#complain({ status, responseJSON }: JQuery.jqXHR, what: 'read' | 'write'): void {
		const { message } = (responseJSON ?? {}) as { message?: unknown };
		if (status === 401 || status === 403) this.#problems[what] = this.#translate(`models.forbidden.${what}`);
		else if (status === 0) this.#problems[what] = this.#translate('models.noAnswer');
		else
			this.#problems[what] =
				typeof message === 'string' ? message : this.#translate('models.failed', { status });
		this.#changed(AGAIN_MS);
	}
}
