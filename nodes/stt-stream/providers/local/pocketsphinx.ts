import { basename } from 'node:path';
import type {
	Capabilities,
	LocalEngine,
	OpenOptions,
	SettingsReader,
	SttProvider,
	SttSession,
} from '../provider.ts';
import { VoiceError } from '../provider.ts';
import { SAMPLE_RATE } from './engine.ts';
import { openEngine } from './engine-session.ts';
import { engineFor } from './engines.ts';
import { DEFAULT_MODEL, findModel } from './model.ts';
import { findProgram, type Program } from './programs.ts';
import { POCKETSPHINX_RULES as RULES } from './rules.ts';

/** @throws VoiceError STT_CONFIG for options that can never work */
export function createPocketSphinx(folder: string, options: SettingsReader): SttProvider {
	return new PocketSphinx({
		folder,
		grammar: options.text('grammar'),
		program: options.choice('program', RULES.program, 'auto'),
		endSilenceMs: options.number('endSilenceMs', 500, RULES.endSilenceMs),
		vadThreshold: options.number('vadThreshold', 2, RULES.vadThreshold),
	});
}

interface Settings {
	/** Of the model, '' = Debian's US English. */
	folder: string;
	grammar: string;
	program: 'auto' | Program['kind'];
	endSilenceMs: number;
	vadThreshold: number;
}

/** CMU PocketSphinx, one process for each stream. */
class PocketSphinx implements SttProvider {
	readonly id = 'local';
	readonly #settings: Settings;
	#program: Program | undefined;
	#preparing: Promise<void> | undefined;

	constructor(settings: Settings) {
		this.#settings = settings;
	}

	get capabilities(): Capabilities {
		const none = Number.POSITIVE_INFINITY;
		return {
			sampleRates: [SAMPLE_RATE],
			chunkMs: { min: 20, max: 1000 },
			chunkMaxBytes: none,
			pace: none,
			sessionLimit: { ms: none, bytes: none },
			idleLimitMs: none,
			keepAlive: 'none',
			endMarker: true,
			partials: this.#program?.kind === 'python3',
			refines: false,
			words: true,
			confidence: !this.#settings.grammar,
		};
	}

	get engine(): LocalEngine | undefined {
		const model = basename(this.#settings.folder || DEFAULT_MODEL);
		return this.#program && { name: 'PocketSphinx', model, kind: this.#program.kind };
	}

	prepare(): Promise<void> {
		this.#preparing ??= this.#prepare().catch((error) => {
			// What is missing may be installed any time.
			this.#preparing = undefined;
			throw error;
		});
		return this.#preparing;
	}

	async #prepare(): Promise<void> {
		this.#program = await findProgram(this.#settings.program);
		findModel(this.#settings.folder, this.#settings.grammar);
	}

	async open(options: OpenOptions, signal: AbortSignal): Promise<SttSession> {
		await this.prepare();
		const { folder, grammar, endSilenceMs, vadThreshold } = this.#settings;
		const { language } = options;
		if (!folder && language && !/^en\b/i.test(language))
			throw new VoiceError(
				'STT_CONFIG',
				`PocketSphinx's default model knows only US English, not "${language.slice(0, 20)}"`,
				'leave the language empty, or set the model to a folder with one for that language',
			);
		const model = findModel(folder, grammar);
		const program = this.#program as Program;
		return openEngine(
			engineFor(program, { model, endSilenceMs, vadThreshold, language: folder ? language : 'en-US' }),
			signal,
		);
	}
}
