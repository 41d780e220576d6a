import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { silence } from '../helpers.ts';
import { cut, named, run, SPEECH, withRecogniser } from './assemblyai-sdk.ts';

// The loopback recogniser is as good as what the vendor's own client makes of it.

describe('the vendor’s SDK and the loopback recogniser, v2', () => {
	it('agree about a session: SessionBegins, transcripts with words, terminate_session, every sample', () =>
		withRecogniser({}, async (recogniser) => {
			const events = await run(recogniser, {
				version: 2,
				pieces: cut(SPEECH),
				params: { wordBoost: ['light'] },
			});
			const [open] = named(events, 'open');
			assert.ok(Number(open?.['expiresAt']) > 0);
			const finals = named(events, 'transcript').filter(
				(event) => event['message_type'] === 'FinalTranscript',
			);
			assert.deepEqual(
				finals.map((event) => [event['text'], event['audio_start'], event['audio_end']]),
				[
					[`${numberedText(4)}.`, 10, 390],
					[`${numberedText(3, 50)}.`, 1910, 2190],
				],
			);
			const partials = named(events, 'transcript').filter(
				(event) => event['message_type'] === 'PartialTranscript',
			);
			assert.deepEqual(partials[1]?.['words'], [
				{ start: 10, end: 90, confidence: 0.9, text: '0' },
				{ start: 110, end: 190, confidence: 0.9, text: '1' },
			]);
			assert.equal(named(events, 'information')[0]?.['audio_duration_seconds'], 2.2);
			assert.ok(recogniser.audio().equals(SPEECH));
			assert.deepEqual(recogniser.records[0]?.query, {
				sample_rate: '16000',
				word_boost: '["light"]',
				enable_extra_session_information: 'true',
			});
			assert.deepEqual(recogniser.records[0]?.controls.at(-1)?.message, { terminate_session: true });
		}));

	it('agree about a forced end, and a pause of another length', () =>
		withRecogniser({}, async (recogniser) => {
			const events = await run(recogniser, {
				version: 2,
				pieces: cut(Buffer.concat([numberedAudio(2), silence(1000), numberedAudio(2, 16_000, 5)])),
				params: { endUtteranceSilenceThreshold: 5000, disablePartialTranscripts: true },
				controls: ['force', { silence: 300 }],
			});
			assert.deepEqual(
				named(events, 'transcript').map((event) => event['text']),
				['0 1 5 6.'],
			);
			assert.deepEqual(
				recogniser.records[0]?.controls.map(({ message }) => message),
				[
					{ end_utterance_silence_threshold: 5000 },
					{ force_end_utterance: true },
					{ end_utterance_silence_threshold: 300 },
					{ terminate_session: true },
				],
			);
		}));

	it('agree about failures, a wrong key and the end of the vendor’s own service', async () => {
		for (const code of [4008, 4029, 4031, 4102])
			await withRecogniser({}, async (recogniser) => {
				recogniser.script = { cues: [{ at: { audioMs: 100 }, do: 'close', code, error: 'trouble' }] };
				const events = await run(recogniser, {
					version: 2,
					pieces: cut(numberedAudio(1)),
					until: 'close',
				});
				assert.deepEqual(named(events, 'error'), [{ message: 'trouble' }]);
				assert.equal(named(events, 'close')[0]?.['code'], code);
			});
		await withRecogniser({}, async (recogniser) => {
			const events = await run(recogniser, { version: 2, apiKey: 'wrong' });
			assert.match(String(named(events, 'failed')[0]?.['message']), /4001 Not Authorized/);
		});
		await withRecogniser({ deprecated: 'socket' }, async (recogniser) => {
			const events = await run(recogniser, { version: 2 });
			assert.match(String(named(events, 'error')[0]?.['message']), /^Model deprecated/);
		});
		await withRecogniser({ deprecated: 'http' }, async (recogniser) => {
			const events = await run(recogniser, { version: 2 });
			assert.match(String(named(events, 'failed')[0]?.['message']), /401/);
		});
	});

	it('agree about temporary tokens', () =>
		withRecogniser({}, async (recogniser) => {
			const tokensFrom = `https://${recogniser.host}`;
			const events = await run(recogniser, { version: 2, tokensFrom, pieces: cut(numberedAudio(1)) });
			assert.equal(named(events, 'begin').length, 1);
			assert.match(recogniser.records[0]?.query['token'] ?? '', /^[0-9a-f]{32}$/);
		}));
});
