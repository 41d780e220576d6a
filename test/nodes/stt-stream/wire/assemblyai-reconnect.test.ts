import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { PcmFormat } from '../../../../lib/audio/format.ts';
import { createConverter, loadResampler } from '../../../../lib/audio/resample.ts';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { Warm } from '../../../../nodes/stt-stream/session/warm.ts';
import type { LoopbackAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Action, Behaviour } from '../../../lab/recognisers/script.ts';
import { seeded } from '../engine/stream.ts';
import { until } from '../helpers.ts';
import { checkAll, VERSIONS, withAssemblyAi } from './assemblyai-lab.ts';
import { checkTimes, checkWords } from './checks.ts';
import { hurried } from './clock.ts';
import { options, WireStream } from './stream.ts';

// A connection that breaks costs no word: the next one gets the audio from the last final on, and only that.

const SLOW = { finishDelayMs: 2000 };
const SEED = Number(process.env['WIRE_SEED']) || 20;

/** The first connection ends so once it has got `bytes`; the others are as they should be. */
const broken = (bytes: number, how: Action): Behaviour[] => [{ cues: [{ at: { bytes }, ...how }] }, SLOW];

const ENDS: readonly Action[] = [
	{ do: 'drop' },
	{ do: 'close', code: 1011 },
	{ do: 'half', message: '{"type":"Turn","message_type":"FinalTranscript"' },
];

describe('on the wire: drop and reconnect', { concurrency: true }, () => {
	before(loadResampler);

	for (const [version, points] of [
		['assemblyai', 20],
		['assemblyai-v2', 5],
	] as const)
		it(`${version}: at ${points} random points`, options, async (test) => {
			test.diagnostic(`WIRE_SEED=${SEED}`);
			const random = seeded(SEED);
			const sent = numberedAudio(60);
			const cases = Array.from({ length: points }, (_, index) => ({
				bytes: Math.round(random() * (sent.length - 3200)),
				how: ENDS[index % ENDS.length] as Action,
			}));
			await Promise.all(
				cases.map(({ bytes, how }) =>
					withAssemblyAi({ version, script: broken(bytes, how) }, async (provider, recogniser) => {
						const stream = new WireStream(provider, { clock: hurried(2), random });
						await stream.speak(sent);
						const closed = await stream.end();
						const where = `${how.do} after ${bytes} bytes`;
						const runs = checkAll(stream, recogniser, sent, 60);
						assert.equal(runs.length, 2, where);
						assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [1, 0, 6000], where);
						assert.deepEqual(
							stream.events.map(({ name }) => name).filter((name) => ['open', 'reconnecting'].includes(name)),
							['open', 'reconnecting', 'open'],
							where,
						);
					}),
				),
			);
		});

	it('again and again', options, () =>
		withAssemblyAi(
			{
				script: (index) => ({ cues: [{ at: { audioMs: 900 + 137 * index }, do: 'drop' }], ...SLOW }),
			},
			async (provider, recogniser) => {
				const sent = numberedAudio(200);
				const stream = new WireStream(provider, { clock: hurried(4) });
				await stream.speak(sent);
				const closed = await stream.end();
				checkAll(stream, recogniser, sent, 200);
				assert.ok(closed.reconnects >= 5, `${closed.reconnects} reconnects`);
				assert.equal(closed.droppedMs, 0);
			},
		),
	);

	it('before the session has begun, and while it finishes', options, () =>
		withAssemblyAi(
			{
				script: [
					{ cues: [{ at: 'open', do: 'drop' }] },
					{ cues: [{ at: 'finish', do: 'drop' }] },
					{ finishDelayMs: 100, cues: [{ at: 'finish', do: 'close', code: 1011 }] },
					SLOW,
				],
			},
			async (provider, recogniser) => {
				const sent = numberedAudio(23);
				const stream = new WireStream(provider, { clock: hurried(2) });
				await stream.speak(sent);
				const closed = await stream.end();
				checkAll(stream, recogniser, sent, 23);
				assert.equal(closed.reconnects, 3);
			},
		),
	);

	for (const version of VERSIONS)
		it(`${version}: ended plainly, with the audio unread`, options, () =>
			withAssemblyAi(
				{ version, script: [{ cues: [{ at: { audioMs: 50 }, do: 'stall' }] }, SLOW] },
				async (provider, recogniser) => {
					const sent = numberedAudio(13);
					const stream = new WireStream(provider, { clock: hurried(2) });
					await stream.speak(sent);
					const closing = stream.end();
					const [record] = recogniser.records;
					assert.ok(record);
					recogniser.connection(record).closeNow(1000);
					const closed = await closing;
					checkAll(stream, recogniser, sent, 13);
					assert.equal(closed.reconnects, 1);
					// A partial may have come before.
					const [{ detail } = {}] = stream.named('reconnecting');
					assert.match(String(detail), /did not confirm|code 1000/);
				},
			),
		);

	it('with refined finals: each is refined once', options, () =>
		withAssemblyAi(
			{ script: broken(3 * 32_000, { do: 'drop' }), turnWords: 5 },
			async (provider, recogniser) => {
				const sent = numberedAudio(60);
				const settings = { finals: 'refined' } as const;
				const stream = new WireStream(provider, { clock: hurried(2), settings });
				await stream.speak(sent);
				const closed = await stream.end();
				checkWords(closed.text ?? '', 60);
				checkWords(
					stream.transcripts
						.filter(({ kind }) => kind !== 'partial')
						.map(({ text }) => text)
						.join(' '),
					60,
				);
				assert.equal(recogniser.records.length, 2);
			},
		),
	);

	it('gives up the stream whose reset comes meanwhile', options, () =>
		withAssemblyAi(
			{ script: [{ cues: [{ at: { audioMs: 500 }, do: 'drop' }] }, { refuse: { status: 503 } }] },
			async (provider) => {
				const stream = new WireStream(provider, { random: () => 1 });
				await stream.speak(numberedAudio(8));
				await until('an attempt', () => stream.named('reconnecting').length > 1);
				stream.abandon();
				const closed = await stream.gone();
				assert.equal(closed.code, undefined);
				stream.check();
			},
		),
	);

	for (const version of VERSIONS)
		it(
			`${version}: a stream that ends during the outage gets its last final from the next session`,
			options,
			() =>
				withAssemblyAi(
					{
						version,
						script: [
							{ cues: [{ at: { audioMs: 1200 }, do: 'drop' }] },
							{ refuse: { status: 503 } },
							{ refuse: { status: 503 } },
							SLOW,
						],
					},
					async (provider, recogniser) => {
						const sent = numberedAudio(17);
						const stream = new WireStream(provider, { random: () => 1 });
						await stream.speak(sent.subarray(0, 38_400 + 3200));
						await until('the back-off', () => stream.named('reconnecting').length > 0);
						stream.send(sent.subarray(41_600));
						// Nothing is open, and nothing will be for at least a quarter of a second.
						const closed = await stream.end();
						checkAll(stream, recogniser, sent, 17);
						assert.deepEqual([closed.reconnects, closed.code], [3, undefined]);
					},
				),
		);

	for (const [rate, channels] of [
		[48_000, 1],
		[44_100, 1],
		[48_000, 2],
		[8000, 1],
	] as const)
		it(`audio of ${rate} Hz and ${channels} channels is converted anew from the last final on`, options, () =>
			withAssemblyAi({ script: broken(2 * 32_000 + 1234, { do: 'drop' }) }, async (provider, recogniser) => {
				// Up to the last sample of the last word, so that what the converter holds back at the end counts.
				const mono = numberedAudio(60, rate).subarray(0, (5990 * rate) / 500);
				const sent = channels === 1 ? mono : spread(mono, channels);
				const format = { sampleRate: rate, channels };
				const stream = new WireStream(provider, { clock: hurried(2), format });
				await stream.speak(sent, 23);
				const closed = await stream.end();
				stream.check();
				checkWords(stream.text, 60);
				checkTimes(stream.finals);
				assert.deepEqual([closed.reconnects, closed.droppedMs, closed.audioMs], [1, 0, 5990]);
				checkConverted(sent, format, recogniser, stream);
			}),
		);

	for (const version of VERSIONS)
		it(`${version}: also when the session was ready before the audio`, options, () =>
			withAssemblyAi(
				{ version, script: [{ cues: [{ at: { audioMs: 1300 }, do: 'drop' }] }, SLOW] },
				async (provider, recogniser) => {
					const clock = hurried(2);
					const asked = { language: '', partials: true, refined: false };
					let opened = 0;
					const watched: SttProvider = {
						...provider,
						async open(wishes, signal) {
							const session = await provider.open(wishes, signal);
							opened++;
							return session;
						},
					};
					const warm = new Warm({ provider: watched, clock, asked, connectTimeoutMs: 60_000 });
					try {
						warm.ready();
						await until('a session', () => opened === 1);
						const sent = numberedAudio(42);
						const stream = new WireStream(watched, { clock, open: warm.open });
						await stream.speak(sent);
						const closed = await stream.end();
						checkAll(stream, recogniser, sent, 42);
						assert.equal(closed.reconnects, 1);
						assert.equal(recogniser.records.length, 2);
					} finally {
						await warm.close();
					}
				},
			),
		);
});

/** Mono to equal channels. */
function spread(mono: Buffer, channels: number): Buffer {
	const pcm = Buffer.alloc(mono.length * channels);
	for (let at = 0; at < mono.length; at += 2)
		for (let channel = 0; channel < channels; channel++)
			mono.copy(pcm, at * channels + channel * 2, at, at + 2);
	return pcm;
}

/** Each session got, sample for sample, what the converter makes of the stream from the start or a final's end on. */
function checkConverted(
	sent: Buffer,
	format: PcmFormat,
	recogniser: LoopbackAssemblyAi,
	{ finals }: WireStream,
): void {
	const frame = format.channels * 2;
	const settledMs = [0, ...finals.map(({ endMs }) => endMs)];
	/** Rounded to milliseconds, which are several frames. */
	const around = (ms: number) => {
		const first = Math.max(0, Math.floor(((ms - 0.5) * format.sampleRate) / 1000));
		const last = ms ? Math.ceil(((ms + 0.5) * format.sampleRate) / 1000) : 0;
		return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * frame);
	};
	const last = recogniser.records.at(-1);
	for (const record of recogniser.records) {
		const got = record.audio();
		const to = { sampleRate: Number(record.query['sample_rate']), channels: 1 };
		const matches = (pcm: Buffer) => {
			const expected = converted(pcm, format, to);
			const length = Math.min(expected.length, got.length);
			const same = got.subarray(0, length).equals(expected.subarray(0, length));
			// All of the rest, and no more than the padding of the last piece.
			if (record === last && got.length < expected.length) return false;
			return same && got.subarray(length).every((byte) => byte === 0);
		};
		const probe = (from: number) => {
			const head = converted(sent.subarray(from, from + format.sampleRate * frame), format, to);
			const length = Math.min(head.length / 2, got.length);
			return got.subarray(0, length).equals(head.subarray(0, length));
		};
		const start = settledMs.flatMap(around).find((from) => probe(from) && matches(sent.subarray(from)));
		assert.ok(start !== undefined, `session ${record.index} got something else`);
	}
}

function converted(pcm: Buffer, from: PcmFormat, to: PcmFormat): Buffer {
	const converter = createConverter(from, to);
	const all = [converter.push(pcm), converter.flush()];
	converter.close();
	return Buffer.concat(all);
}
