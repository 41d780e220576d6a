// Which configurations Google takes: the comments in cloud_speech.proto, v1 and v2, and what the service is known to
// answer otherwise (issues of googleapis/google-cloud-node and others). The real service may let more pass, or less:
// lists of models and of what each can do change.

export type Version = 'v1' | 'v2';

interface Features {
	readonly max_alternatives: number;
	readonly enable_word_time_offsets: boolean;
	readonly enable_word_confidence: boolean;
}

/** `StreamingRecognizeRequest` of v1 or v2 as proto-loader reads it. */
export interface StreamingRequest {
	readonly streaming_request?: string;
	readonly audio_content?: Buffer;
	readonly audio?: Buffer;
	/** Of v2. */
	readonly recognizer?: string;
	readonly streaming_config?: ConfigV1 | ConfigV2;
}

interface ConfigV1 {
	readonly config:
		| (Features & {
				readonly encoding: string;
				readonly sample_rate_hertz: number;
				readonly audio_channel_count: number;
				readonly language_code: string;
				readonly alternative_language_codes: readonly string[];
				readonly model: string;
		  })
		| null;
	readonly interim_results: boolean;
	readonly enable_voice_activity_events: boolean;
}

interface ConfigV2 {
	readonly config: {
		readonly explicit_decoding_config?: {
			readonly encoding: string;
			readonly sample_rate_hertz: number;
			readonly audio_channel_count: number;
		};
		readonly model: string;
		readonly language_codes: readonly string[];
		readonly features: Features | null;
	} | null;
	readonly streaming_features: {
		readonly interim_results: boolean;
		readonly enable_voice_activity_events: boolean;
		readonly endpointing_sensitivity: string;
	} | null;
}

/** What a session is to do. */
export interface Wanted {
	readonly rate: number;
	readonly language: string;
	readonly interim: boolean;
	readonly voiceActivity: boolean;
	readonly wordTimes: boolean;
	readonly wordConfidence: boolean;
	readonly alternatives: number;
	/** The pause that ends an utterance, in milliseconds; the numbers themselves are a guess. */
	readonly pauseMs: number;
}

const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z]{4})?(-([A-Z]{2}|\d{3}))?$/;
const MODELS_V1 = [
	'',
	'default',
	'latest_long',
	'latest_short',
	'command_and_search',
	'phone_call',
	'video',
	'medical_conversation',
	'medical_dictation',
];
const MODELS_V2 = ['long', 'short', 'telephony', 'chirp_2', 'chirp_3', 'latest_long', 'latest_short'];

const isRate = (rate: number) => rate >= 8000 && rate <= 48_000;

/** The configuration in a first message, or what is wrong with it. */
export function readWanted(version: Version, request: StreamingRequest): Wanted | string {
	if (version === 'v1') return wantedV1(request.streaming_config as ConfigV1);
	return wantedV2(request.streaming_config as ConfigV2, request.recognizer ?? '');
}

function wantedV1({ config, ...streaming }: ConfigV1): Wanted | string {
	if (!config) return "Invalid recognition 'config': bad encoding..";
	if (config.encoding !== 'LINEAR16') return `Invalid recognition 'config': bad encoding..`;
	if (!isRate(config.sample_rate_hertz)) return `Invalid recognition 'config': bad sample rate hertz.`;
	if (config.audio_channel_count > 1) return 'Must use single channel (mono) audio here';
	const languages = [config.language_code, ...config.alternative_language_codes];
	const wrong = languages.find((language) => !LANGUAGE.test(language));
	if (wrong !== undefined) return `Invalid recognition 'config': bad language code '${wrong}'.`;
	if (languages.length > 4) return 'alternative_language_codes holds more than 3';
	if (!MODELS_V1.includes(config.model)) return `Incorrect model specified: ${config.model}.`;
	if (config.max_alternatives > 30) return 'max_alternatives must be in the range of 0 to 30.';
	return {
		rate: config.sample_rate_hertz,
		language: config.language_code,
		interim: streaming.interim_results,
		voiceActivity: streaming.enable_voice_activity_events,
		...features(config),
		pauseMs: 700,
	};
}

function wantedV2({ config, streaming_features: streaming }: ConfigV2, recognizer: string): Wanted | string {
	if (!config) return 'Invalid resource field value in the request.';
	const decoding = config.explicit_decoding_config;
	if (decoding?.encoding !== 'LINEAR16') return 'Explicit decoding configuration is required here';
	if (!isRate(decoding.sample_rate_hertz)) return 'Audio sample rate must be between 8000 and 48000.';
	if (decoding.audio_channel_count !== 1) return 'Only single channel audio is taken here';
	const [, , , location = '', , name] = recognizer.split('/');
	const isNamed = name !== '_';
	const { model, language_codes: languages, features: wanted } = config;
	if (!(MODELS_V2.includes(model) || (isNamed && !model)))
		return `The model "${model}" does not exist in the location named "${location}".`;
	if (!languages.length && !isNamed) return 'At least one language code is required.';
	const wrong = languages.find(
		(language) => !LANGUAGE.test(language) && !(language === 'auto' && /^chirp/.test(model)),
	);
	if (wrong !== undefined)
		return `The language "${wrong}" is not supported by the model "${model}" in the location named "${location}".`;
	if (wanted?.enable_word_confidence && model === 'chirp_3')
		return 'Recognizer does not support feature: word_level_confidence';
	if ((wanted?.max_alternatives ?? 0) > 30) return 'max_alternatives must be in the range of 0 to 30.';
	const pauses: Record<string, number> = {
		ENDPOINTING_SENSITIVITY_SHORT: 400,
		ENDPOINTING_SENSITIVITY_SUPERSHORT: 200,
	};
	return {
		rate: decoding.sample_rate_hertz,
		language: languages[0] ?? 'en-US',
		interim: streaming?.interim_results ?? false,
		voiceActivity: streaming?.enable_voice_activity_events ?? false,
		...features(wanted),
		pauseMs: pauses[streaming?.endpointing_sensitivity ?? ''] ?? 700,
	};
}

const features = (wanted: Features | null) => ({
	wordTimes: wanted?.enable_word_time_offsets ?? false,
	wordConfidence: wanted?.enable_word_confidence ?? false,
	alternatives: Math.max(1, wanted?.max_alternatives ?? 1),
});
