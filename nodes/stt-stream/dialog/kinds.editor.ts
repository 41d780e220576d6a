import { formatsOnDemand, RULES_V2, RULES_V3 } from '../providers/assemblyai/rules.ts';
import { GOOGLE_RULES, RULES_V1 as GOOGLE_V1, RULES_V2 as GOOGLE_V2 } from '../providers/google/rules.ts';
import { LOCAL_RULES, POCKETSPHINX_RULES, SHERPA_RULES } from '../providers/local/rules.ts';
import { YANDEX_RULES } from '../providers/yandex/rules.ts';
import { type Kind, SECRETS } from './kind.editor.ts';

// What each provider's dialog shows. Texts are in the catalogue: `option.<name>`, `secret.<secret>` and so on.

const WEBSOCKET = /^wss?:\/\/[^\s/@]+(\/[^\s#]*)?$/i;
const HOST = String.raw`(\[[\da-f:.]+\]|[^\s/@:?#]+)`;
const GRPC = new RegExp(`^((grpcs://)?${HOST}(:\\d+)?|grpc://${HOST}:\\d+)/?$`, 'i');

const isNo = (value: unknown) => /^(false|0|no|off)$/i.test(String(value ?? ''));

/** Where Debian's pocketsphinx-en-us has its files. */
const SPHINX_MODEL = '/usr/share/pocketsphinx/model/en-us';
const SHERPA = ['sherpa-onnx'];

const KINDS: Readonly<Record<string, Kind>> = {
	local: {
		secrets: [],
		models: [SPHINX_MODEL],
		rules: LOCAL_RULES,
		variants: {
			option: 'engine',
			of: {
				auto: { rules: LOCAL_RULES, models: [SPHINX_MODEL] },
				'sherpa-onnx': { rules: SHERPA_RULES, models: [] },
				pocketsphinx: { rules: POCKETSPHINX_RULES, models: [SPHINX_MODEL] },
			},
		},
		downloads: ['auto', 'sherpa-onnx'],
		offers: [
			{ name: 'engine', icon: 'fa-cogs', choices: ['sherpa-onnx', 'pocketsphinx'], first: true },
			{ name: 'precision', icon: 'fa-balance-scale', choices: ['int8', 'fp32'], of: SHERPA },
			{ name: 'threads', icon: 'fa-microchip', of: SHERPA },
			{
				name: 'decodingMethod',
				icon: 'fa-code-fork',
				choices: ['greedy_search', 'modified_beam_search'],
				of: SHERPA,
			},
			{ name: 'hotwords', icon: 'fa-book', of: SHERPA },
			{ name: 'hotwordsScore', icon: 'fa-star-o', of: SHERPA },
			{ name: 'grammar', icon: 'fa-list', of: ['pocketsphinx'] },
			{ name: 'endSilenceMs', icon: 'fa-pause' },
			{ name: 'emptySilenceMs', icon: 'fa-moon-o', of: SHERPA },
			{ name: 'maxUtteranceMs', icon: 'fa-scissors', of: SHERPA },
			{ name: 'vadThreshold', icon: 'fa-volume-down', of: ['pocketsphinx'] },
			{ name: 'vad', icon: 'fa-volume-up', suggestions: ['silero_vad.onnx'], of: SHERPA },
			{ name: 'vadProbability', icon: 'fa-percent', of: SHERPA },
			{ name: 'modelMirror', icon: 'fa-cloud-download', of: ['auto', 'sherpa-onnx'] },
		],
		refines: () => false,
		objection: ({ decodingMethod, hotwords, hotwordsFile }) =>
			decodingMethod === 'greedy_search' && ([hotwords].flat().some(Boolean) || hotwordsFile)
				? 'hotwordsGreedy'
				: undefined,
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
	google: {
		secrets: ['apiKey', 'serviceAccount', 'token'],
		keyless: 'applicationDefaultCredentials',
		keyFile: ['type', 'client_email', 'private_key'],
		endpoint: { pattern: GRPC, example: 'speech.googleapis.com:443', others: {} },
		models: [],
		rules: GOOGLE_RULES,
		variants: {
			option: 'apiVersion',
			ignoresOff: true,
			of: {
				v1: {
					rules: GOOGLE_V1,
					models: ['latest_long', 'latest_short', 'command_and_search', 'phone_call', 'video', 'default'],
				},
				v2: { rules: GOOGLE_V2, models: ['long', 'short', 'telephony', 'chirp_3', 'chirp_2'] },
			},
		},
		offers: [
			{ name: 'apiVersion', icon: 'fa-code-fork', choices: ['v2'], first: true },
			{ name: 'project', icon: 'fa-folder-o', of: ['v2'] },
			{ name: 'location', icon: 'fa-map-marker', suggestions: ['global', 'us', 'eu'] },
			{ name: 'recognizer', icon: 'fa-cube' },
			{ name: 'languages', icon: 'fa-globe' },
			{ name: 'phrases', icon: 'fa-book' },
			{ name: 'boost', icon: 'fa-star-o' },
			{ name: 'enableAutomaticPunctuation', icon: 'fa-paragraph' },
			{ name: 'profanityFilter', icon: 'fa-eye-slash' },
			{ name: 'endpointingSensitivity', icon: 'fa-step-forward' },
			{ name: 'maxAlternatives', icon: 'fa-list-ol' },
			{ name: 'useEnhanced', icon: 'fa-magic' },
		],
		refines: () => false,
	},
	yandex: {
		secrets: ['apiKey', 'token', 'serviceAccount'],
		keyFile: ['id', 'service_account_id', 'private_key'],
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
