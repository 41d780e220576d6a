// Which session options SpeechKit takes: stt.proto, and the vendor's pages "Streaming recognition", "Models", "Limits".
// The real service may let more pass: here it is refused, so that a mistake does not go unnoticed.

/** `StreamingOptions` as proto-loader reads it: enumerations by name, members of a `oneof` only where they are. */
export interface StreamingOptions {
	readonly recognition_model: {
		readonly model: string;
		readonly audio_format: {
			readonly raw_audio?: {
				readonly audio_encoding: string;
				readonly sample_rate_hertz: number;
				readonly audio_channel_count: number;
			};
			readonly container_audio?: object;
		} | null;
		readonly text_normalization: {
			readonly text_normalization: string;
			readonly profanity_filter: boolean;
			readonly literature_text: boolean;
			readonly phone_formatting_mode: string;
		} | null;
		readonly language_restriction: {
			readonly restriction_type: string;
			readonly language_code: readonly string[];
		} | null;
		readonly audio_processing_type: string;
	} | null;
	readonly eou_classifier: {
		readonly default_classifier?: {
			readonly type: string;
			readonly max_pause_between_words_hint_ms: number;
		};
		readonly external_classifier?: object;
	} | null;
}

const MODELS = ['', 'general', 'general:rc', 'general:deprecated'];
const RATES = [8000, 16_000, 48_000];
const LANGUAGE = /^(auto|[a-z]{2}-[A-Z]{2})$/;

/** What is wrong, or nothing. */
export function problemWith({ recognition_model: model }: StreamingOptions): string | undefined {
	if (!model) return 'recognition_model is required';
	if (!MODELS.includes(model.model)) return `Unknown recognition model: ${model.model}`;
	const raw = model.audio_format?.raw_audio;
	if (!raw) return 'raw_audio is required here';
	if (raw.audio_encoding !== 'LINEAR16_PCM') return 'audio_encoding is required';
	if (!RATES.includes(raw.sample_rate_hertz))
		return `Unsupported sample_rate_hertz: ${raw.sample_rate_hertz}`;
	if (raw.audio_channel_count !== 1) return 'Only single channel audio is supported';
	const languages = model.language_restriction;
	if (languages) {
		if (languages.restriction_type !== 'WHITELIST') return 'language_restriction needs a restriction_type';
		const wrong = languages.language_code.find((language) => !LANGUAGE.test(language));
		if (wrong !== undefined || !languages.language_code.length) return `Unknown language code: ${wrong}`;
	}
	return undefined;
}

export const isNormalizing = ({ recognition_model: model }: StreamingOptions): boolean =>
	model?.text_normalization?.text_normalization === 'TEXT_NORMALIZATION_ENABLED';

/** The pause that ends an utterance, in milliseconds; the numbers themselves are a guess. */
export function pauseMs({ eou_classifier: classifier }: StreamingOptions): number {
	if (classifier?.external_classifier) return Number.POSITIVE_INFINITY;
	const { type, max_pause_between_words_hint_ms: hint = 0 } = classifier?.default_classifier ?? {};
	return hint || (type === 'HIGH' ? 400 : 700);
}
