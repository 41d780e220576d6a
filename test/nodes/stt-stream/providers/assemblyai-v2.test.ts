import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scripted } from '../../../lab/recognisers/hearing.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { noise } from '../../../lab/signals.ts';
import { feed, silence } from '../helpers.ts';
import { converse, kinds, open, recogniser, start } from './assemblyai-bench.ts';

describe('AssemblyAI v2', () => {
	it('sends every sample, as binary or as base64', async () => {
		for (const audio_as_base64 of [false, true]) {
			const lab = await start({ ears: scripted([]) });
			const { session } = await open({ version: 'assemblyai-v2', options: { audio_as_base64 } });
			const pcm = noise(16_000 * 5);
			for (let at = 0; at < pcm.length; at += 32_000) session.write(pcm.subarray(at, at + 32_000));
			await session.finish();
			assert.ok(lab.audio().equals(pcm));
		}
	});

	it('gives partials and finals with words, times and confidence', async () => {
		const { session, heard } = await open({ version: 'assemblyai-v2' });
		await converse(session, heard, 'assemblyai-v2');
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.deepEqual(kinds(heard), [
			['partial', 0, '0'],
			['partial', 0, '0 1'],
			['partial', 0, '0 1 2'],
			['partial', 0, '0 1 2 3'],
			['final', 0, '0 1 2 3.'],
			['partial', 1, '50'],
			['partial', 1, '50 51'],
			['partial', 1, '50 51 52'],
			['final', 1, '50 51 52.'],
		]);
		const [, final] = heard.results('final');
		assert.deepEqual([final?.startMs, final?.endMs], [1910, 2190]);
		assert.ok(Math.abs((final?.confidence ?? 0) - 0.9) < 1e-6);
		assert.deepEqual(final?.words?.at(-1), { text: '52.', startMs: 2110, endMs: 2190, confidence: 0.9 });
	});

	it('reads the end of a session as UTC, wherever it runs', async () => {
		const { TZ } = process.env;
		process.env['TZ'] = 'Asia/Tokyo';
		try {
			const { session } = await open({ version: 'assemblyai-v2' });
			const { expiresInMs } = session;
			await session.finish();
			assert.ok(expiresInMs && expiresInMs > 3_500_000 && expiresInMs <= 3_600_000, String(expiresInMs));
		} finally {
			if (TZ === undefined) delete process.env['TZ'];
			else process.env['TZ'] = TZ;
		}
	});

	it('does without what a compatible server leaves out', async () => {
		const message = { message_type: 'FinalTranscript', text: 'on' };
		await start({
			script: {
				cues: [
					{ at: 'open', do: 'send', message: { message_type: 'SessionBegins' } },
					{ at: { audioMs: 100 }, do: 'send', message },
				],
			},
			ears: scripted([]),
		});
		const { session, heard } = await open({ version: 'assemblyai-v2' });
		assert.equal(session.expiresInMs, undefined);
		await feed(session, silence(200), 100);
		await session.finish();
		assert.equal(await heard.end, undefined);
		assert.deepEqual(heard.results('final'), [{ type: 'final', text: 'on', utterance: 0 }]);
	});

	it('passes its options on', async () => {
		const options = { word_boost: ['light', 'lamp'], end_utterance_silence_threshold: 300 };
		const wish = { partials: false, language: 'ru' };
		const { session, heard } = await open({ version: 'assemblyai-v2', options, wish });
		await feed(session, Buffer.concat([numberedAudio(2), silence(400), numberedAudio(2, 16_000, 7)]), 100);
		await session.finish();
		assert.deepEqual(kinds(heard), [
			['final', 0, '0 1.'],
			['final', 1, '7 8.'],
		]);
		assert.deepEqual(recogniser?.records[0]?.query, {
			sample_rate: '16000',
			word_boost: '["light","lamp"]',
			enable_extra_session_information: 'true',
			disable_partial_transcripts: 'true',
		});
	});
});
