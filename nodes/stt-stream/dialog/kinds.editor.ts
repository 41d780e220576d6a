import { formatsOnDemand, RULES_V2, RULES_V3 } from '../providers/assemblyai/rules.ts';
import { LOCAL_RULES } from '../providers/local/rules.ts';
import type { OptionRules } from '../providers/option-rules.ts';
import { YANDEX_RULES } from '../providers/yandex/rules.ts';

// What each provider's dialog shows. Texts are in the catalogue: `option.<name>`, `secret.<secret>` and so on.

export const SECRETS = ['apiKey', 'token', 'serviceAccount'] as const;
export type Secret = (typeof SECRETS)[number];

/** An option with a field of its own; the others are reached as JSON. */
export interface OfferedOption {
	readonly name: string;
	readonly icon: string;
	/** A flag whose absence does not mean false, so that there are three choices. */
	readonly threeWay?: true;
	/** Fewer choices than there are. */
	readonly choices?: readonly string[];
	/** Of no use unless one signs in so. */
	readonly secret?: Secret;
}

export interface Kind {
	/** Ways to sign in, the usual one first. */
	readonly secrets: readonly Secret[];
	readonly endpoint?: {
		readonly pattern: RegExp;
		readonly example: string;
		/** Other addresses of the vendor, by their key in the catalogue. */
		readonly others: Readonly<Record<string, string>>;
	};
	/** Undefined where there is no choice. */
	readonly models: readonly string[] | undefined;
	readonly rules: OptionRules | undefined;
	readonly offers: readonly OfferedOption[];
	/** Whether a final may be followed by a better one, with these settings. */
	readonly refines: (model: string, options: Readonly<Record<string, unknown>>) => boolean;
}

const WEBSOCKET = /^wss?:\/\/[^\s/@]+(\/[^\s#]*)?$/i;
const HOST = String.raw`(\[[\da-f:.]+\]|[^\s/@:?#]+)`;
const GRPC = new RegExp(`^((grpcs://)?${HOST}(:\\d+)?|grpc://${HOST}:\\d+)/?$`, 'i');

const isNo = (value: unknown) => /^(false|0|no|off)$/i.test(String(value ?? ''));

const KINDS: Readonly<Record<string, Kind>> = {
	local: {
		secrets: [],
		models: ['/usr/share/pocketsphinx/model/en-us'],
		rules: LOCAL_RULES,
		offers: [
			{ name: 'engine', icon: 'fa-cogs', choices: ['pocketsphinx'] },
			{ name: 'grammar', icon: 'fa-list' },
			{ name: 'endSilenceMs', icon: 'fa-pause' },
			{ name: 'vadThreshold', icon: 'fa-volume-down' },
		],
		refines: () => false,
	},
	assemblyai: {
		secrets: ['apiKey', 'token'],
		endpoint: {
			pattern: WEBSOCKET,
			example: 'wss://streaming.assemblyai.com/v3/ws',
			others: {
				eu: 'wss://streaming.eu.assemblyai.com/v3/ws',
				us: 'wss://streaming.us.assemblyai.com/v3/ws',
			},
		},
		models: [
			'universal-streaming-english',
			'universal-streaming-multilingual',
			'universal-3-5-pro',
			'u3-rt-pro',
			'whisper-rt',
		],
		rules: RULES_V3,
		offers: [
			{ name: 'keyterms_prompt', icon: 'fa-book' },
			{ name: 'format_turns', icon: 'fa-font', threeWay: true },
			{ name: 'min_turn_silence', icon: 'fa-step-forward' },
			{ name: 'max_turn_silence', icon: 'fa-fast-forward' },
			{ name: 'end_of_turn_confidence_threshold', icon: 'fa-percent' },
			{ name: 'domain', icon: 'fa-graduation-cap' },
			{ name: 'filter_profanity', icon: 'fa-eye-slash' },
		],
		refines: (model, options) =>
			formatsOnDemand(model || String(options['speech_model'] ?? '')) && !isNo(options['format_turns']),
	},
	'assemblyai-v2': {
		secrets: ['apiKey', 'token'],
		endpoint: { pattern: WEBSOCKET, example: 'wss://stt.example.org/v2/realtime/ws', others: {} },
		models: undefined,
		rules: RULES_V2,
		offers: [
			{ name: 'word_boost', icon: 'fa-book' },
			{ name: 'end_utterance_silence_threshold', icon: 'fa-pause' },
			{ name: 'audio_as_base64', icon: 'fa-file-code-o' },
		],
		refines: () => false,
	},
	yandex: {
		secrets: ['apiKey', 'token', 'serviceAccount'],
		endpoint: {
			pattern: GRPC,
			example: 'stt.api.cloud.yandex.net:443',
			others: { kz: 'stt.api.ml.yandexcloud.kz:443' },
		},
		models: ['general', 'general:rc', 'general:deprecated'],
		rules: YANDEX_RULES,
		offers: [
			{ name: 'iamEndpoint', icon: 'fa-exchange', secret: 'serviceAccount' },
			{ name: 'folderId', icon: 'fa-folder-o' },
			{ name: 'languages', icon: 'fa-globe' },
			{ name: 'textNormalization', icon: 'fa-font', threeWay: true },
			{ name: 'literatureText', icon: 'fa-paragraph' },
			{ name: 'phoneFormatting', icon: 'fa-phone', threeWay: true },
			{ name: 'profanityFilter', icon: 'fa-eye-slash' },
			{ name: 'eouSensitivity', icon: 'fa-step-forward', choices: ['high'] },
			{ name: 'maxPauseBetweenWordsHintMs', icon: 'fa-pause' },
			{ name: 'audioProcessing', icon: 'fa-hourglass-end', choices: ['full-data'] },
			{ name: 'dataLogging', icon: 'fa-archive' },
		],
		refines: (_model, options) => !isNo(options['textNormalization']),
	},
};

/** Of a provider that comes from the environment anything may be true. */
const ANY: Kind = {
	secrets: SECRETS,
	endpoint: { pattern: /(?:)/, example: '', others: {} },
	models: [],
	rules: undefined,
	offers: [],
	refines: () => true,
};

export const isKnown = (provider: unknown): provider is string => Object.hasOwn(KINDS, String(provider));

export const kindOf = (provider: unknown): Kind => KINDS[String(provider)] ?? ANY;
