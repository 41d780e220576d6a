import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type {
	Capabilities,
	LocalEngine,
	OpenOptions,
	SettingsReader,
	SttProvider,
	SttSession,
} from '../provider.ts';
import { VoiceError } from '../provider.ts';
import { defaultModel, findModel } from './models/store.ts';
import { noneDownloaded } from './sherpa-onnx.ts';

export interface Engines {
	/** Each may throw a VoiceError for its options. */
	readonly sherpaOnnx: () => SttProvider;
	readonly pocketSphinx: () => SttProvider;
}

/** Options that only PocketSphinx understands: whoever sets one wants it. */
const POCKETSPHINX_ONLY = ['grammar', 'program', 'vadThreshold'];

/**
 * Takes sherpa-onnx if a model for it is set or downloaded, else PocketSphinx. Looks anew for each stream, because a
 * model may be downloaded any time, and for its language.
 */
export class AnyEngine implements SttProvider {
	readonly id = 'local';
	readonly #model: string;
	readonly #models: string;
	readonly #sherpaOnnx: SttProvider;
	readonly #pocketSphinx: SttProvider;
	readonly #prefersSphinx: boolean;
	#chosen: SttProvider;

	constructor(model: string, models: string, options: SettingsReader, engines: Engines) {
		this.#model = model;
		this.#models = models;
		this.#prefersSphinx = POCKETSPHINX_ONLY.some((name) => options.text(name));
		this.#sherpaOnnx = engines.sherpaOnnx();
		this.#pocketSphinx = engines.pocketSphinx();
		this.#chosen = this.#pocketSphinx;
	}

	/** Those of the engine for any language. */
	get capabilities(): Capabilities {
		return this.#chosen.capabilities;
	}

	get engine(): LocalEngine | undefined {
		return this.#chosen.engine;
	}

	async prepare(): Promise<void> {
		this.#chosen = await this.#choose('');
		await this.#chosen.prepare?.();
	}

	async open(options: OpenOptions, signal: AbortSignal): Promise<SttSession> {
		signal.throwIfAborted();
		const engine = await this.#choose(options.language);
		return engine.open(options, signal);
	}

	async #choose(language: string): Promise<SttProvider> {
		if (this.#prefersSphinx) return this.#pocketSphinx;
		if (this.#model) {
			if (isPocketSphinxModel(resolve(this.#model))) return this.#pocketSphinx;
			findModel(this.#model, this.#models);
			return this.#sherpaOnnx;
		}
		if (defaultModel(this.#models, language)) return this.#sherpaOnnx;
		if (language && !/^en\b/i.test(language)) throw noneDownloaded(language);
		try {
			await this.#pocketSphinx.prepare?.();
		} catch (thrown) {
			const remedy = thrown instanceof VoiceError ? `, or ${thrown.remedy}` : '';
			throw noneDownloaded(language, remedy);
		}
		return this.#pocketSphinx;
	}
}

/** Its acoustic model is a folder with an "mdef", which may be this one or one below it. */
function isPocketSphinxModel(folder: string): boolean {
	const has = (path: string) => existsSync(join(path, 'mdef')) || existsSync(join(path, 'mdef.bin'));
	try {
		return has(folder) || readdirSync(folder).some((name) => has(join(folder, name)));
	} catch {
		return false;
	}
}
