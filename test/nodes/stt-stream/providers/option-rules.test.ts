import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RULES_V2, RULES_V3 } from '../../../../nodes/stt-stream/providers/assemblyai/rules.ts';
import {
	RULES_V1 as GOOGLE_V1,
	RULES_V2 as GOOGLE_V2,
} from '../../../../nodes/stt-stream/providers/google/rules.ts';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import {
	isAllowed,
	type OptionRule,
	type OptionRules,
} from '../../../../nodes/stt-stream/providers/option-rules.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { YANDEX_RULES } from '../../../../nodes/stt-stream/providers/yandex/rules.ts';

/** Each with the options that are always there, and are not tried. */
const CASES: readonly [provider: string, rules: OptionRules, others?: Readonly<Record<string, unknown>>][] = [
	['assemblyai', RULES_V3],
	['assemblyai-v2', RULES_V2],
	['yandex', YANDEX_RULES],
	['google', GOOGLE_V1],
	// Not by key: whose project that is, nobody knows.
	['google', GOOGLE_V2, { apiVersion: 'v2', applicationDefaultCredentials: true }],
];

/** Right for some option, wrong for others. */
const VALUES: readonly unknown[] = [
	...[
		'',
		undefined,
		null,
		true,
		false,
		'true',
		'NO',
		'on',
		'perhaps',
		0,
		1,
		'1',
		-1,
		0.5,
		'0.5',
		5,
		7.5,
		100,
	],
	...[
		3600,
		3601,
		20_001,
		60_001,
		3_600_001,
		86_400_001,
		'300',
		'NaN',
		'text',
		'two words',
		'ru-RU',
		'ru-RU, en',
		'ru_RU',
	],
	...[[], ['one'], ['ru-RU', 'auto'], [' '], [1], '["one"]', '["one", 2]', {}, { a: 1 }, '{"a": 1}', '[]'],
	...['high', 'full-data', 'pocketsphinx', 'medical-v1', 'near-field', 'hash', 'multi', 'balanced', 'en'],
	...[
		'https://iam.example.org/tokens',
		'http://127.0.0.1:8080',
		'ftp://example.org',
		'https://me@example.org',
	],
	...['x'.repeat(100), 'x'.repeat(101), ['x'.repeat(2496)], ['x'.repeat(2497)]],
];

/** Whether the runtime takes it. */
function isTaken(provider: string, options: Readonly<Record<string, unknown>>, name: string): boolean {
	try {
		createProvider(provider, {
			...{ endpoint: '', caFile: '', model: '', options },
			credentials: {
				apiKey: options['apiVersion'] === 'v2' ? '' : 'key-of-a-test',
				token: '',
				serviceAccount: '',
			},
		});
		return true;
	} catch (error) {
		assert.ok(error instanceof VoiceError && error.code === 'STT_CONFIG', String(error));
		assert.match(error.message, new RegExp(name), `${provider}: ${JSON.stringify(options)}`);
		return false;
	}
}

/** Where one word is asked for, the runtime reads an array as what it looks like when printed: not of interest. */
function isFair(rule: OptionRule, value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return true;
	const isList = rule === 'texts' || 'items' in Object(rule) || 'jsonMax' in Object(rule);
	return isList || (rule === 'object' && !Array.isArray(value));
}

for (const [provider, rules, others = {}] of CASES)
	it(`the dialog judges every option of ${provider} ${others['apiVersion'] ?? ''} as the runtime does`, () => {
		for (const [name, rule] of Object.entries(rules)) {
			if (name in others) continue;
			const values = VALUES.filter((value) => isFair(rule, value));
			const allowed = values.filter((value) => isAllowed(rule, value));
			const taken = values.filter((value) => isTaken(provider, { ...others, [name]: value }, name));
			assert.deepEqual(allowed, taken, name);
			if (rule !== 'text') assert.ok(taken.length < values.length, `${name} takes anything`);
		}
	});
