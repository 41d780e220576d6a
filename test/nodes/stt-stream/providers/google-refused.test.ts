import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProviderConfig } from '../../../../nodes/stt-stream/providers/provider.ts';
import { listen, never, wishes } from '../helpers.ts';
import { providerAt, VERSIONS, withRecogniser } from './google-helpers.ts';
import { assertAllowed, make, type Options } from './google-options.ts';

// Which settings are refused, and which of them before anything is connected.

const WRONG: readonly [options: Options, named: string][] = [
	[{ language: 'ru-RU' }, 'language'],
	[{ sampleRateHertz: 8000 }, 'sampleRateHertz'],
	[{ singleUtterance: true }, 'singleUtterance'],
	[{ apiVersion: 'v3' }, 'apiVersion'],
	[{ project: 'two words' }, 'project'],
	[{ project: 'Über' }, 'project'],
	[{ project: 'p/q' }, 'project'],
	[{ project: {} }, 'project'],
	[{ quotaProject: 'a\nb' }, 'quotaProject'],
	[{ location: 'Europe' }, 'location'],
	[{ location: 'evil.example/' }, 'location'],
	[{ languages: ['Russian language'] }, 'languages'],
	[{ languages: ['ru-RU', ''] }, 'languages'],
	[{ languages: { 0: 'ru-RU' } }, 'languages'],
	[{ phrases: 'one, two' }, 'phrases'],
	[{ phrases: [5] }, 'phrases'],
	[{ phrases: [' '] }, 'phrases'],
	[{ phraseSets: ['mine'] }, 'phraseSets'],
	[{ boost: 21 }, 'boost'],
	[{ boost: -1 }, 'boost'],
	[{ maxAlternatives: 0 }, 'maxAlternatives'],
	[{ maxAlternatives: 31 }, 'maxAlternatives'],
	[{ maxAlternatives: 1.5 }, 'maxAlternatives'],
	[{ profanityFilter: 2 }, 'profanityFilter'],
	[{ enableWordTimeOffsets: 'perhaps' }, 'enableWordTimeOffsets'],
	[{ useEnhanced: {} }, 'useEnhanced'],
	[{ applicationDefaultCredentials: 'maybe' }, 'applicationDefaultCredentials'],
	[{ apiVersion: 'v2', project: 'p', endpointingSensitivity: 'long' }, 'endpointingSensitivity'],
	[{ apiVersion: 'v2', project: 'p', recognizer: 'two words' }, 'recognizer'],
	[{ apiVersion: 'v2', project: 'p', recognizer: 'projects/p/recognizers/r' }, 'recognizer'],
];
/** They would do in the other version. */
const ELSEWHERE: readonly [options: Options, named: string][] = [
	[{ recognizer: 'mine' }, 'recognizer'],
	[{ endpointingSensitivity: 'short' }, 'endpointingSensitivity'],
	[{ location: 'europe-west4' }, 'location'],
	[{ apiVersion: 'v2', project: 'p', useEnhanced: true }, 'useEnhanced'],
];

describe('Google: settings that are refused', () => {
	const refused = (more: Partial<ProviderConfig>, says: RegExp) =>
		assert.throws(
			() => make(more),
			(error: Error & { code?: string; retryable?: boolean; remedy?: string }) => {
				assert.deepEqual([error.code, error.retryable], ['STT_CONFIG', false], error.message);
				assert.match(error.message, says);
				assert.ok((error.remedy ?? '').length > 5);
				return true;
			},
		);

	for (const [options, named] of WRONG)
		it(JSON.stringify(options).slice(0, 70), () => {
			const { [named]: value } = options;
			assertAllowed({ [named]: value }, false);
			refused({ options }, new RegExp(`"${named}"`));
		});

	for (const [options, named] of ELSEWHERE)
		it(`${JSON.stringify(options).slice(0, 70)}, which is for the other version`, () => {
			assertAllowed(options);
			refused({ options }, new RegExp(`"${named}".*"apiVersion": "v`));
		});

	it('v2 without a project, at once', () => {
		refused({ options: { apiVersion: 'v2' } }, /needs to know the project.*option project/);
		make({ options: { apiVersion: 'v2', recognizer: 'projects/p/locations/global/recognizers/_' } });
	});

	for (const version of VERSIONS)
		it(`${version}: a language that is none, before anything is connected`, () =>
			withRecogniser({}, async (recogniser) => {
				const provider = providerAt(recogniser, version);
				const wrong = ['Russian language', 'ru_RU', 'r', '-', ...(version === 'v1' ? ['auto'] : [])];
				for (const language of wrong)
					for (const attempt of [
						() => provider.open(wishes({ language }), never()),
						async () => provider.prepare?.({ language }),
					])
						await assert.rejects(attempt, {
							code: 'STT_CONFIG',
							retryable: false,
							message: new RegExp(`"${language}"`),
						});
				assert.equal(recogniser.relay.count, 0);
			}));

	it('a model and a language that only the recogniser knows to be wrong', () =>
		withRecogniser({}, async (recogniser) => {
			for (const version of VERSIONS)
				for (const [model, language] of [
					['specific', ''],
					['', 'xx-xx'],
				] as const) {
					const session = await providerAt(recogniser, version, { model }).open(
						wishes({ language }),
						never(),
					);
					const error = await listen(session).end;
					assert.deepEqual([error?.code, error?.retryable], ['STT_CONFIG', false], error?.message);
					assert.match(error?.remedy ?? '', /model.*language/);
				}
		}));

	it('an endpoint that is no host and port, without showing it', () => {
		for (const endpoint of [
			'https://speech.example.com:443',
			'grpc://localhost',
			'localhost:443/path-secret',
			'user:secret@localhost:443',
		])
			assert.throws(
				() => make({ endpoint }),
				(error: Error & { code?: string }) => {
					assert.equal(error.code, 'STT_CONFIG', endpoint);
					assert.doesNotMatch(error.message, /secret/);
					return true;
				},
			);
	});

	it('credentials that are missing for the vendor’s own service, or cannot be sent', () => {
		const none = { apiKey: '', token: '', serviceAccount: '' };
		refused({ credentials: none }, /API key/);
		assert.doesNotThrow(() => make({ credentials: none, endpoint: 'grpc://localhost:1' }));
		for (const credentials of [
			{ ...none, apiKey: 'geheim\nschlüssel' },
			{ ...none, token: 'geheim schlüssel' },
		])
			assert.throws(
				() => make({ credentials }),
				(error: Error & { code?: string }) =>
					error.code === 'STT_CONFIG' && !/geheim|schlüssel/.test(error.message),
			);
	});
});
