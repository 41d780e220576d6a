import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import type { Message } from '../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../lab/recognisers/assemblyai.ts';
import { GARBLED, numberedAudio, numberedText } from '../lab/recognisers/numbered-audio.ts';
import { silence } from '../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { tls, VendorFlow } from './vendor-flow.ts';

const RATE = 16_000;
const WORDS = 40;

describe('the flow live-assemblyai, from the sound card to text', {
	skip: needs('pulseaudio', 'alsa-utils'),
}, () => {
	let card: SoundCard;
	let recogniser: LoopbackAssemblyAi;
	before(async () => {
		card = await startSoundCard({ rate: RATE });
		recogniser = await startAssemblyAi({ tls, turnWords: 15 });
	});
	after(async () => {
		await recogniser?.stop();
		await card?.stop();
	});

	const start = (apiKey: string, env: Record<string, string> = {}, url = recogniser.url) =>
		VendorFlow.start('live-assemblyai', card, url, { apiKey, env });

	it('what is spoken is recognised while it is spoken, whole and once', async () => {
		const flow = await start(`\${ASSEMBLYAI_API_KEY}`, { ASSEMBLYAI_API_KEY: recogniser.apiKey });
		try {
			const spoken = numberedAudio(WORDS, RATE);
			await flow.click('start');
			await flow.nodeRed.waitFor(flow.id('mic'));
			await card.feed(Buffer.concat([spoken, silence(RATE / 2)])).done;
			await flow.click('stop');
			const { code, text } = await flow.closed();
			assert.deepEqual([code, text], [undefined, numberedText(WORDS)]);

			const [record, ...more] = recogniser.records;
			assert.equal(more.length, 0, 'one connection');
			assert.equal(record?.headers.authorization, recogniser.apiKey);
			assert.equal(record?.path, '/v3/ws');
			assert.deepEqual(
				{ ...record?.query },
				{
					sample_rate: '16000',
					encoding: 'pcm_s16le',
					speech_model: 'universal-streaming-english',
					format_turns: 'false',
				},
			);
			const chunks = flow.messages('mic');
			assert.ok(chunks.slice(0, -1).every(({ payload }) => (payload as Buffer).length === 3200 * 2));
			assert.deepEqual(record?.audio().subarray(0, flow.heard().length), flow.heard());
			assert.ok(flow.heard().includes(spoken), 'what was fed to the card, sample for sample');

			const finals = flow.messages('stt', 0);
			assert.equal(finals.length, 3);
			assert.equal(finals.map(({ payload }) => payload).join(' '), text);
			assert.deepEqual(flow.turns(), [0, 1, 2], 'partials, then the final, turn after turn');
			assert.deepEqual(
				[new Set(flow.kinds(0)), new Set(flow.kinds(1))],
				[new Set(['final']), new Set(['partial'])],
			);
			assert.deepEqual(flow.nodeRed.errors(), []);
		} finally {
			await flow.nodeRed.stop();
		}
	});

	it('a stop in the middle of speech: its final comes afterwards, with all that was recorded', async () => {
		const patient = await startAssemblyAi({ tls }); // nothing but a pause ends a turn, and there is none
		const flow = await start(patient.apiKey, {}, patient.url);
		try {
			const spoken = numberedAudio(200, RATE);
			await flow.click('start');
			await flow.nodeRed.waitFor(flow.id('mic'));
			const fed = card.feed(spoken);
			const isLong = ({ payload }: Message) => String(payload).split(' ').length >= 10;
			await flow.nodeRed.waitFor(flow.id('stt'), isLong, { port: 1 });
			assert.equal(flow.messages('stt', 0).length, 0);
			await flow.click('stop');
			const { code, text } = await flow.closed();
			fed.stop();
			await fed.done;
			assert.equal(code, undefined);
			assert.deepEqual(
				flow.messages('stt', 0).map(({ payload }) => payload),
				[text],
			);
			assert.deepEqual(patient.records[0]?.audio().subarray(0, flow.heard().length), flow.heard());
			const words = text.split(' ').filter((word) => word !== GARBLED); // the last one was cut
			assert.equal(words.join(' '), numberedText(words.length));
			const blockBytes = (RATE / 10) * 2;
			const begin = flow.heard().indexOf(spoken.subarray(0, blockBytes));
			const blocks = Math.floor((flow.heard().length - begin) / blockBytes);
			assert.ok(begin >= 0 && words.length >= blocks, `${words.length} words of ${blocks}`);
		} finally {
			await flow.nodeRed.stop();
			await patient.stop();
		}
	});

	it('a wrong key: one connection, the reason at the Catch node and in the status', async () => {
		recogniser.records.length = 0;
		const flow = await start('not-the-key');
		try {
			await flow.click('start');
			const failure = await flow.nodeRed.waitForError(flow.id('stt'));
			assert.equal(failure.code, 'STT_AUTH');
			assert.match(failure.message, /key/);
			assert.equal((await flow.closed()).code, 'STT_AUTH');
			const status = await flow.nodeRed.waitForStatus(flow.id('stt'), ({ fill }) => fill === 'red');
			assert.ok(status.text);
			assert.equal(recogniser.records.length, 1);
			await flow.click('stop');
		} finally {
			await flow.nodeRed.stop();
		}
	});
});
