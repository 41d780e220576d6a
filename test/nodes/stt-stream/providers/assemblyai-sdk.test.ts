import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { never, silence, wishes } from '../helpers.ts';
import { providerAt } from './assemblyai-helpers.ts';
import { caFile, cut, named, run, SPEECH, withRecogniser } from './assemblyai-sdk.ts';

// The loopback recogniser is as good as what the vendor's own client makes of it.

describe('the vendor’s SDK and the loopback recogniser, v3', () => {
	it('agree about a session: Begin, Turns with words, Terminate, every sample', () =>
		withRecogniser({}, async (recogniser) => {
			const events = await run(recogniser, { pieces: cut(SPEECH), params: { formatTurns: true } });
			const [begin] = named(events, 'begin');
			assert.match(String(begin?.['id']), /^[0-9a-f-]{36}$/);
			assert.ok(Number.isInteger(begin?.['expires_at']));

			const turns = named(events, 'turn');
			const ends = turns.filter((turn) => turn['end_of_turn']);
			assert.deepEqual(
				ends.map((turn) => [turn['turn_order'], turn['turn_is_formatted'], turn['transcript']]),
				[
					[0, false, numberedText(4)],
					[0, true, `${numberedText(4)}.`],
					[1, false, numberedText(3, 50)],
					[1, true, `${numberedText(3, 50)}.`],
				],
			);
			// The pause came first, so that the turn's end has no utterance.
			const utterances = turns.filter((turn) => turn['utterance']);
			assert.deepEqual(
				utterances.map((turn) => [turn['utterance'], turn['end_of_turn']]),
				[
					[numberedText(4), false],
					[numberedText(3, 50), true],
				],
			);
			const [, second] = turns;
			assert.ok(second);
			assert.equal(second['transcript'], '0');
			assert.deepEqual(
				(second['words'] as { text: string; word_is_final: boolean }[]).map((word) => [
					word.text,
					word.word_is_final,
				]),
				[
					['0', true],
					['1', false],
				],
			);

			const [record] = recogniser.records;
			assert.ok(recogniser.audio().equals(SPEECH));
			assert.equal(record?.headers.authorization, recogniser.apiKey);
			assert.deepEqual(record?.controls.at(-1)?.message, { type: 'Terminate' });
			assert.deepEqual(record?.closed, { by: 'recogniser', code: 1000, reason: '' });
		}));

	it('agree about a forced end, a new configuration and keeping alive', () =>
		withRecogniser({}, async (recogniser) => {
			const events = await run(recogniser, {
				pieces: cut(numberedAudio(3)),
				controls: [{ update: { format_turns: true, min_turn_silence: 300 } }, 'keepAlive', 'force'],
			});
			assert.deepEqual(
				recogniser.records[0]?.controls.map(({ message }) => message),
				[
					{ type: 'UpdateConfiguration', format_turns: true, min_turn_silence: 300 },
					{ type: 'KeepAlive' },
					{ type: 'ForceEndpoint' },
					{ type: 'Terminate' },
				],
			);
			const ends = named(events, 'turn').filter((turn) => turn['end_of_turn']);
			assert.deepEqual(
				ends.map((turn) => turn['transcript']),
				['0 1 2', '0 1 2.'],
			);
		}));

	it('agree about the newer models and every other message', () =>
		withRecogniser({}, async (recogniser) => {
			const others = [
				{ type: 'Warning', warning_code: 7, warning: 'careful' },
				{
					type: 'Heartbeat',
					total_audio_received_ms: 100,
					total_duration_ms: 100,
					realtime_factor: 1,
					max_speech_probability: 0.5,
				},
				{ type: 'Silence', start_ms: 0, end_ms: 900 },
			];
			recogniser.script = {
				cues: others.map((message) => ({ at: { audioMs: 100 }, do: 'send', message })),
			};
			const events = await run(recogniser, {
				pieces: cut(SPEECH),
				params: { speechModel: 'universal-3-5-pro' },
			});
			for (const message of others) assert.deepEqual(named(events, message.type.toLowerCase()), [message]);
			assert.deepEqual(
				named(events, 'speechStarted').map((event) => event['timestamp']),
				[10, 1910],
			);
			assert.deepEqual(
				named(events, 'turn').map((turn) => [turn['transcript'], turn['turn_is_formatted']]),
				[
					['0 1 2 3—', false],
					['0 1 2 3.', true],
					['50 51 52.', true],
				],
			);
		}));

	it('agree about the name and the form of every parameter, as does the adapter', () =>
		withRecogniser({}, async (recogniser) => {
			await run(recogniser, {
				params: {
					formatTurns: true,
					keytermsPrompt: ['Node-RED', 'flow & wire'],
					prompt: 'a prompt',
					agentContext: 'what was asked',
					mode: 'balanced',
					domain: 'medical-v1',
					filterProfanity: true,
					languageDetection: true,
					languageCodes: ['en', 'de'],
					languageCode: 'en',
					minTurnSilence: 300,
					maxTurnSilence: 2000,
					endOfTurnConfidenceThreshold: 0.5,
					vadThreshold: 0.25,
					inactivityTimeout: 30,
					speakerLabels: true,
					maxSpeakers: 2,
					speakerLabelsRevisionIntervalMs: 120_000,
					voiceFocus: 'near-field',
					voiceFocusThreshold: 0.5,
					continuousPartials: true,
					includePartialTurns: false,
					interruptionDelay: 100,
					turnLeftPadMs: 200,
					sessionHeartbeat: true,
					acknowledgeSilence: true,
					redactPii: true,
					redactPiiPolicies: ['person_name'],
					redactPiiSub: 'hash',
					webhookUrl: 'https://example.com/hook',
					webhookAuthHeaderName: 'X-Hook',
					webhookAuthHeaderValue: 'hook-secret',
					llmGateway: { model: 'm', messages: [{ role: 'user', content: 'c' }], max_tokens: 5 },
					speechModel: 'u3-rt-pro',
					encoding: 'pcm_s16le',
				},
			});
			const { format_turns: formatTurns, ...sent } = recogniser.records[0]?.query ?? {};
			assert.equal(formatTurns, 'true');
			const parse = (text: string): unknown => {
				try {
					return JSON.parse(text);
				} catch {
					return text;
				}
			};
			const options = Object.fromEntries(
				Object.entries(sent)
					.filter(([name]) => !['sample_rate', 'encoding'].includes(name))
					.map(([name, text]) => [name, parse(text)]),
			);
			assert.equal(Object.keys(options).length, 33);
			const session = await providerAt(recogniser, 'assemblyai', { options, caFile: caFile() }).open(
				wishes(),
				never(),
			);
			await session.finish();
			// This model formats always; there the adapter does not ask for it.
			assert.deepEqual(recogniser.records[1]?.query, sent);
		}));

	it('agree that a session names its model, which the SDK leaves to its user', () =>
		withRecogniser({}, async (recogniser) => {
			// The vendor's newer pages call it required, and the SDK does not send one of itself.
			const [failed] = await run(recogniser, { withoutModel: true });
			assert.equal(failed?.name, 'failed');
			assert.match(String(failed?.data['message']), /^Missing required parameter: speech_model/);
			assert.deepEqual(recogniser.records[0]?.query, { sample_rate: '16000' });
		}));

	const CODES = [1008, 1011, 1013, 3005, 3006, 3007, 3008, 3009, 4000, 4001, 4008, 4029, 4031, 4103];
	it('agree about every way a session can fail', async () => {
		for (const code of CODES)
			await withRecogniser({}, async (recogniser) => {
				const error = `trouble ${code}`;
				recogniser.script = { cues: [{ at: { audioMs: 100 }, do: 'close', code, error }] };
				const events = await run(recogniser, { pieces: cut(numberedAudio(1)), until: 'close' });
				assert.deepEqual(named(events, 'error'), [{ message: error, code }]);
				assert.equal(named(events, 'close')[0]?.['code'], code);
			});
	});

	it('agree about audio in pieces that are too short, and too fast', () =>
		withRecogniser({ limits: { pace: 1, paceSlackMs: 5000 } }, async (recogniser) => {
			const short = await run(recogniser, { pieces: [silence(40)], until: 'close' });
			assert.deepEqual(named(short, 'error'), [
				{ message: 'Input duration violation: 40 ms. Expected between 50 and 1000 ms', code: 3007 },
			]);
			const fast = await run(recogniser, { pieces: cut(silence(60_000), 32_000), until: 'close' });
			assert.match(String(named(fast, 'error')[0]?.['message']), /^Audio Transmission Rate Exceeded/);
			assert.equal(named(fast, 'close')[0]?.['code'], 3007);
		}));

	it('agree about the end of the session’s time', () =>
		withRecogniser({ limits: { sessionMs: 300 } }, async (recogniser) => {
			const events = await run(recogniser, { until: 'close' });
			assert.equal(named(events, 'close')[0]?.['code'], 3008);
			const left = Number(named(events, 'begin')[0]?.['expires_at']) * 1000 - Date.now();
			assert.ok(left <= 0, `${left} ms left`);
		}));

	it('agree about a wrong key, which the SDK tries three times', () =>
		withRecogniser({}, async (recogniser) => {
			const events = await run(recogniser, { apiKey: 'wrong' });
			const message = 'Unauthorized Connection: Invalid API key';
			assert.deepEqual(events, [{ name: 'failed', data: { message, code: 1008 } }]);
			assert.equal(recogniser.records.length, 3);
		}));

	it('agree about a wrong key that is refused before the upgrade', () =>
		withRecogniser({ refuseKeys: 'http' }, async (recogniser) => {
			const [failed] = await run(recogniser, { apiKey: 'wrong' });
			assert.equal(failed?.data['message'], 'Unexpected server response: 401');
		}));

	it('agree about temporary tokens, which are good for one session', () =>
		withRecogniser({}, async (recogniser) => {
			const tokensFrom = `https://${recogniser.host}`;
			await run(recogniser, { tokensFrom, pieces: cut(numberedAudio(1)) });
			const [record] = recogniser.records;
			const token = record?.query['token'] ?? '';
			assert.match(token, /^[0-9a-f]{32}$/);
			assert.equal(record?.headers.authorization, undefined);
			const [again] = await run(recogniser, { apiKey: '', params: { token } });
			assert.equal(again?.data['code'], 1008);
		}));
});
