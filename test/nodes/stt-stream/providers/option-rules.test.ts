import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RULES_V2, RULES_V3 } from '../../../../nodes/stt-stream/providers/assemblyai/rules.ts';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import {
	isAllowed,
	type OptionRule,
	type OptionRules,
} from '../../../../nodes/stt-stream/providers/option-rules.ts';
import { VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import { YANDEX_RULES } from '../../../../nodes/stt-stream/providers/yandex/rules.ts';

const RULES: Readonly<Record<string, OptionRules>> = {
	assemblyai: RULES_V3,
	'assemblyai-v2': RULES_V2,
	yandex: YANDEX_RULES,
};

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
function isTaken(provider: string, name: string, value: unknown): boolean {
	try {
		createProvider(provider, {
			...{ endpoint: '', caFile: '', model: '', options: { [name]: value } },
			credentials: { apiKey: 'key-of-a-test', token: '', serviceAccount: '' },
		});
		return true;
	} catch (error) {
		assert.ok(error instanceof VoiceError && error.code === 'STT_CONFIG', String(error));
		assert.match(error.message, new RegExp(name), `${provider}: ${JSON.stringify(value)}`);
		return false;
	}
}

/** Where one word is asked for, the runtime reads an array as what it looks like when printed: not of interest. */
function isFair(rule: OptionRule, value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return true;
	const isList = rule === 'texts' || 'items' in Object(rule) || 'jsonMax' in Object(rule);
	return isList || (rule === 'object' && !Array.isArray(value));
}

for (const [provider, rules] of Object.entries(RULES))
	it(`the dialog judges every option of ${provider} as the runtime does`, () => {
		for (const [name, rule] of Object.entries(rules)) {
			const values = VALUES.filter((value) => isFair(rule, value));
			const allowed = values.filter((value) => isAllowed(rule, value));
			const taken = values.filter((value) => isTaken(provider, name, value));
			assert.deepEqual(allowed, taken, name);
			if (rule !== 'text') assert.ok(taken.length < values.length, `${name} takes anything`);
		}
	});
