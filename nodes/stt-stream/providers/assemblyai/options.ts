import { isTexts, type OptionRule, type OptionRules, parseJson } from '../option-rules.ts';
import { readOptions } from '../options.ts';
import { type SettingsReader, VoiceError } from '../provider.ts';
import { RULES_V2, RULES_V3 } from './rules.ts';

// What `options` of an stt-provider say, checked, and what of it goes into the address.

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
	return read('assemblyai-v2', options, RULES_V2);
}

function read(provider: string, options: Raw, rules: OptionRules): Query {
	const reader = readOptions(provider, options, Object.keys(rules));
	const query: Query = new Map();
	for (const [name, rule] of Object.entries(rules)) {
		const value = options[name];
		if (value === undefined || value === null || value === '') continue;
		query.set(name, readOne(reader, name, rule, value));
	}
	return query;
}

function readOne(reader: SettingsReader, name: string, rule: OptionRule, value: unknown): string {
	if (rule === 'flag') return String(reader.flag(name, false));
	if (rule === 'texts') return JSON.stringify(readTexts(name, value));
	if (rule === 'object') return JSON.stringify(reader.object(name));
	if (rule === 'text') {
		if (typeof value === 'object') throw refuse(name, 'use a text');
		return reader.text(name);
	}
	if ('jsonMax' in rule) {
		const json = JSON.stringify(readTexts(name, value));
		if (json.length > rule.jsonMax) throw refuse(name, `use at most ${rule.jsonMax} characters`);
		return json;
	}
	if ('min' in rule) return String(reader.number(name, 0, rule));
	if (Array.isArray(rule)) return reader.choice(name, rule as readonly string[], '');
	throw new TypeError(name);
}

/** An array of texts, or the same written as JSON. */
function readTexts(name: string, value: unknown): string[] {
	const texts = typeof value === 'string' ? parseJson(value) : value;
	if (isTexts(texts)) return texts;
	throw refuse(name, 'use an array of texts, such as ["one", "two"]');
}

const refuse = (name: string, remedy: string) =>
	new VoiceError('STT_CONFIG', `The option "${name}" cannot be used`, remedy);
