// Which parameters an address of AssemblyAI's may hold. v3: the vendor's usm-streaming.yml, usm-streaming-u3-pro.yml,
// and what npm assemblyai 4.41.5 sends; v2: asyncapi.yml 1.1.2. The real service may let unknown ones pass: here they
// are refused, so that a misspelt one does not go unnoticed.

type Rule = RegExp | ((value: string) => boolean);

const FLAG = /^(true|false)$/;
const ANY = /./s;
const MS = /^\d+$/;
const within = (min: number, max: number) => (value: string) =>
	value.trim() !== '' && Number(value) >= min && Number(value) <= max;
const SHARE = within(0, 1);

function isJson(value: string, check: (parsed: unknown) => boolean): boolean {
	try {
		return check(JSON.parse(value));
	} catch {
		return false;
	}
}
const TEXTS = (value: string) =>
	isJson(value, (parsed) => Array.isArray(parsed) && parsed.every((item) => typeof item === 'string'));
const OBJECT = (value: string) => isJson(value, (parsed) => parsed !== null && typeof parsed === 'object');

const MODELS =
	/^(universal-streaming-(english|multilingual)|u3-rt-pro(-beta-1)?|u3-pro|whisper-rt|universal-3-5-pro|universal-3-6(-pro)?)$/;

const V3: Record<string, Rule> = {
	token: ANY,
	sample_rate: /^[1-9]\d*$/,
	encoding: /^pcm_s16le$/,
	speech_model: MODELS,
	format_turns: FLAG,
	keyterms_prompt: TEXTS,
	prompt: ANY,
	agent_context: ANY,
	mode: /^(max_accuracy|min_latency|balanced)$/,
	domain: /^medical-v1$/,
	filter_profanity: FLAG,
	language: /^(en|multi)$/,
	language_code: /^[a-z]{2,3}$/,
	language_codes: TEXTS,
	language_detection: FLAG,
	min_turn_silence: MS,
	max_turn_silence: MS,
	end_of_turn_confidence_threshold: SHARE,
	vad_threshold: SHARE,
	inactivity_timeout: within(5, 3600),
	speaker_labels: FLAG,
	max_speakers: within(1, 10),
	speaker_labels_revision_interval_ms: within(0, 86_400_000),
	voice_focus: /^(near|far)-field$/,
	voice_focus_threshold: SHARE,
	continuous_partials: FLAG,
	include_partial_turns: FLAG,
	interruption_delay: MS,
	turn_left_pad_ms: MS,
	session_heartbeat: FLAG,
	acknowledge_silence: FLAG,
	redact_pii: FLAG,
	redact_pii_policies: TEXTS,
	redact_pii_sub: /^(hash|entity_name)$/,
	webhook_url: ANY,
	webhook_auth_header_name: ANY,
	webhook_auth_header_value: ANY,
	llm_gateway: OBJECT,
};

const V2: Record<string, Rule> = {
	token: ANY,
	sample_rate: /^[1-9]\d*$/,
	encoding: /^pcm_s16le$/,
	word_boost: (value) => value.length <= 2500 && TEXTS(value),
	disable_partial_transcripts: FLAG,
	enable_extra_session_information: FLAG,
};

/** What is wrong with a query, or nothing. */
export function problemWith(version: 2 | 3, query: Readonly<Record<string, string>>): string | undefined {
	const rules = version === 3 ? V3 : V2;
	const required = version === 3 ? ['sample_rate', 'speech_model'] : ['sample_rate'];
	const missing = required.find((name) => query[name] === undefined);
	if (missing) return `Missing required parameter: ${missing}`;
	for (const [name, value] of Object.entries(query)) {
		const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
		if (!rule) return `Invalid parameter: ${name}`;
		if (!(rule instanceof RegExp ? rule.test(value) : rule(value)))
			return `Invalid value for parameter: ${name}`;
	}
	return undefined;
}
