import assert from 'node:assert/strict';
import { GOOGLE_RULES } from '../../../../nodes/stt-stream/providers/google/rules.ts';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import { isAllowed, type OptionRule } from '../../../../nodes/stt-stream/providers/option-rules.ts';
import type { ProviderConfig } from '../../../../nodes/stt-stream/providers/provider.ts';

export type Options = Readonly<Record<string, unknown>>;

const KEY = { apiKey: 'key-of-a-test', token: '', serviceAccount: '' };

/** The provider at the vendor's own service; nothing is connected to. */
export const make = (more: Partial<ProviderConfig>) =>
	createProvider('google', { endpoint: '', caFile: '', model: '', options: {}, credentials: KEY, ...more });

/** The dialog lets pass what the provider takes, and marks what it refuses. */
export function assertAllowed(options: Options, expected = true): void {
	for (const [name, value] of Object.entries(options)) {
		const rule = (GOOGLE_RULES as Readonly<Record<string, OptionRule>>)[name];
		if (rule) assert.equal(isAllowed(rule, value), expected, `${name}: ${JSON.stringify(value)}`);
	}
}
