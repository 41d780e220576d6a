import { readOptions } from '../options.ts';
import { type SettingsReader, VoiceError } from '../provider.ts';

// What `options` of an stt-provider may hold, and what of it goes into the address. Names and limits: the vendor's
// AsyncAPI files, npm assemblyai 4.41.5. `sample_rate`, `encoding` and `token` are not there: the session, the
// package and the credentials decide those.

/** A choice of words, a range of numbers, or one of these kinds. */
type Rule =
	| 'flag'
	| 'text'
	/** Array of texts; JSON in the address. */
	| 'texts'
	| 'object'
	| readonly string[]
	| { readonly min: number; readonly max: number; readonly integer?: true };

type Rules = Readonly<Record<string, Rule>>;

const SHARE: Rule = { min: 0, max: 1 };
const MS: Rule = { min: 0, max: 3_600_000, integer: true };

const RULES_V3: Rules = {
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
};

const RULES_V2: Rules = {
	word_boost: 'texts',
	end_utterance_silence_threshold: { min: 0, max: 20_000, integer: true },
	audio_as_base64: 'flag',
};

/** Characters of all boosted words as JSON. */
const WORD_BOOST_MAX = 2500;

type Raw = Readonly<Record<string, unknown>>;

/** The options as the address wants them, without those that are not set. */
export type Query = Map<string, string>;

/** @throws VoiceError STT_CONFIG that names the option */
export function readQueryV3(options: Raw): Query {
	const query = read('assemblyai', options, RULES_V3);
	const older = query.get('min_end_of_turn_silence_when_confident');
	if (older !== undefined) {
		if (query.has('min_turn_silence'))
			throw new VoiceError(
				'STT_CONFIG',
				'min_end_of_turn_silence_when_confident is the old name of min_turn_silence',
				'set only min_turn_silence',
			);
		query.delete('min_end_of_turn_silence_when_confident');
		query.set('min_turn_silence', older);
	}
	return query;
}

/** @throws VoiceError STT_CONFIG that names the option */
export function readQueryV2(options: Raw): Query {
	const query = read('assemblyai-v2', options, RULES_V2);
	if ((query.get('word_boost')?.length ?? 0) > WORD_BOOST_MAX)
		throw refuse('word_boost', `use at most ${WORD_BOOST_MAX} characters`);
	return query;
}

function read(provider: string, options: Raw, rules: Rules): Query {
	const reader = readOptions(provider, options, Object.keys(rules));
	const query: Query = new Map();
	for (const [name, rule] of Object.entries(rules)) {
		const value = options[name];
		if (value === undefined || value === null || value === '') continue;
		query.set(name, readOne(reader, name, rule, value));
	}
	return query;
}

function readOne(reader: SettingsReader, name: string, rule: Rule, value: unknown): string {
	if (rule === 'flag') return String(reader.flag(name, false));
	if (rule === 'texts') return JSON.stringify(readTexts(name, value));
	if (rule === 'object') return JSON.stringify(reader.object(name));
	if (rule === 'text') {
		if (typeof value === 'object') throw refuse(name, 'use a text');
		return reader.text(name);
	}
	return String('min' in rule ? reader.number(name, 0, rule) : reader.choice(name, rule, ''));
}

/** An array of texts, or the same written as JSON. */
function readTexts(name: string, value: unknown): string[] {
	let texts = value;
	if (typeof value === 'string')
		try {
			texts = JSON.parse(value);
		} catch {
			// refused below
		}
	if (Array.isArray(texts) && texts.every((item) => typeof item === 'string' && item.trim())) return texts;
	throw refuse(name, 'use an array of texts, such as ["one", "two"]');
}

const refuse = (name: string, remedy: string) =>
	new VoiceError('STT_CONFIG', `The option "${name}" cannot be used`, remedy);
