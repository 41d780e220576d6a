import type { OptionRule, OptionRules } from '../option-rules.ts';

// The options of both versions of the interface. Names and limits: the vendor's AsyncAPI files, npm assemblyai
// 4.41.5. `sample_rate`, `encoding` and `token` are not there: the session, the package and the credentials decide
// those.

const SHARE: OptionRule = { min: 0, max: 1 };
const MS: OptionRule = { min: 0, max: 3_600_000, integer: true };

export const RULES_V3 = {
	speech_model: 'text',
	format_turns: 'flag',
	keyterms_prompt: 'texts',
	prompt: 'text',
	agent_context: 'text',
	mode: ['max_accuracy', 'min_latency', 'balanced'],
	domain: ['medical-v1'],
	filter_profanity: 'flag',
	language_detection: 'flag',
	language_codes: 'texts',
	language_code: 'text',
	language: ['en', 'multi'],
	min_turn_silence: MS,
	min_end_of_turn_silence_when_confident: MS,
	max_turn_silence: MS,
	end_of_turn_confidence_threshold: SHARE,
	vad_threshold: SHARE,
	inactivity_timeout: { min: 5, max: 3600, integer: true },
	speaker_labels: 'flag',
	max_speakers: { min: 1, max: 10, integer: true },
	speaker_labels_revision_interval_ms: { min: 0, max: 86_400_000, integer: true },
	voice_focus: ['near-field', 'far-field'],
	voice_focus_threshold: SHARE,
	continuous_partials: 'flag',
	include_partial_turns: 'flag',
	interruption_delay: MS,
	turn_left_pad_ms: MS,
	session_heartbeat: 'flag',
	acknowledge_silence: 'flag',
	redact_pii: 'flag',
	redact_pii_policies: 'texts',
	redact_pii_sub: ['hash', 'entity_name'],
	webhook_url: 'text',
	webhook_auth_header_name: 'text',
	webhook_auth_header_value: 'text',
	llm_gateway: 'object',
} as const satisfies OptionRules;

export const RULES_V2 = {
	word_boost: { jsonMax: 2500 },
	end_utterance_silence_threshold: { min: 0, max: 20_000, integer: true },
	audio_as_base64: 'flag',
} as const satisfies OptionRules;

/** Does this model send unformatted turns, and formatted ones after them on demand? The newer ones format always. */
export const formatsOnDemand = (model: string) =>
	model === '' || /^(universal-streaming|whisper)/.test(model);
