import { basename } from 'node:path';
import type { Capabilities, LocalEngine, OpenOptions, SttProvider, SttSession } from '../../provider.ts';
import { loadPayload } from './config.ts';
import { type EngineSettings, engineFor } from './engine.ts';
import { unsupported } from './errors.ts';
import { readHotwords } from './hotwords.ts';
import { kindOf } from './kinds.ts';
import { inspectModel, type SherpaModel } from './model.ts';
import type { SherpaOptions } from './options.ts';
import { inspectVad } from './vad-model.ts';

interface Prepared {
	readonly model: SherpaModel;
	readonly engine: EngineSettings;
}

/** sherpa-onnx (https://github.com/k2-fsa/sherpa-onnx), in a process of its own that serves all streams of a model. */
export class SherpaOnnx implements SttProvider {
	readonly id = 'local';
	readonly #findFolder: (language: string) => string;
	readonly #options: SherpaOptions;
	/** By folder. */
	readonly #prepared = new Map<string, Promise<Prepared>>();
	#model: SherpaModel | undefined;

	/** @param findFolder the folder of the model for a language ('' = any); throws a VoiceError if there is none */
	constructor(findFolder: (language: string) => string, options: SherpaOptions) {
		this.#findFolder = findFolder;
		this.#options = options;
	}

	get capabilities(): Capabilities {
		const none = Number.POSITIVE_INFINITY;
		const kind = this.#model && kindOf(this.#model.kind);
		return {
			// The session resamples better than the engine does, which ends its process if a rate changes.
			sampleRates: [this.#model?.sampleRate ?? 16_000],
			chunkMs: { min: 20, max: 500 },
			chunkMaxBytes: none,
			pace: none,
			// The engine counts samples in 32 bits, which are 37 hours at 16 kHz.
			sessionLimit: { ms: 12 * 3_600_000, bytes: none },
			idleLimitMs: none,
			keepAlive: 'none',
			endMarker: true,
			partials: true,
			refines: false,
			words: !kind?.noWords,
			confidence: !!kind?.confidence,
		};
	}

	get engine(): LocalEngine | undefined {
		const model = this.#model;
		return model && { name: 'sherpa-onnx', model: basename(model.folder), kind: model.kind };
	}

	async prepare(): Promise<void> {
		this.#model = (await this.#prepare('')).model;
	}

	async open({ language, partials, sampleRate }: OpenOptions, signal: AbortSignal): Promise<SttSession> {
		signal.throwIfAborted();
		const { model, engine } = await this.#prepare(language);
		const { multilingual } = model;
		return engineFor(engine).open({ partials, language, multilingual, sampleRate }, signal);
	}

	async #prepare(language: string): Promise<Prepared> {
		const refusal = unsupported(process);
		if (refusal) throw refusal;
		const folder = this.#findFolder(language);
		let prepared = this.#prepared.get(folder);
		if (!prepared) {
			prepared = this.#inspect(folder);
			this.#prepared.set(folder, prepared);
			// What is missing may be installed any time.
			prepared.catch(() => this.#prepared.delete(folder));
		}
		return prepared;
	}

	async #inspect(folder: string): Promise<Prepared> {
		const options = this.#options;
		const model = await inspectModel(folder, options);
		const hotwords = await readHotwords(model, options);
		const vad = options.vad ? await inspectVad(options.vad) : undefined;
		const load = loadPayload(model, options, hotwords, vad);
		return { model, engine: { load, folder, unloadAfterMs: options.unloadAfterMs } };
	}
}
