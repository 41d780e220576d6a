import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Capabilities } from '../../../../nodes/stt-stream/providers/provider.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { seeded } from '../engine/stream.ts';
import { checkAll, withAssemblyAi } from './assemblyai-lab.ts';
import { Lockstep } from './lockstep.ts';
import { options, WireStream } from './stream.ts';

// A live stream is behind after an outage. It catches up, and yet is never faster than AssemblyAI takes.

const COUNT = 1200;
const [LOST_MS, BACK_MS] = [20_000, 28_000];

/** Speaks for two minutes, 8 s of which there is no connection. @returns how far behind the words are, second by second */
async function outage(capabilities: Partial<Capabilities>, limits = {}): Promise<number[]> {
	const lockstep = new Lockstep();
	const { clock } = lockstep;
	const script = (index: number): Behaviour => {
		if (index === 0) return { cues: [{ at: { audioMs: LOST_MS }, do: 'drop' }] };
		return clock.now() < BACK_MS ? { refuse: { status: 503 } } : {};
	};
	const lags: number[] = [];
	const paceNow = () => clock.now();
	await withAssemblyAi({ script, limits, paceNow }, async (vendors, recogniser) => {
		const provider = { ...vendors, capabilities: { ...vendors.capabilities, ...capabilities } };
		const stream = new WireStream(lockstep.watch(provider), { clock, random: seeded(2) });
		const sent = numberedAudio(COUNT);
		for (let at = 0; at < sent.length; at += 32_000) {
			await lockstep.speak(stream, sent.subarray(at, at + 32_000), 16_000);
			lags.push(clock.now() - (stream.transcripts.at(-1)?.endMs ?? 0));
		}
		const closed = await lockstep.end(stream);
		checkAll(stream, recogniser, sent, COUNT);
		assert.equal(closed.droppedMs, 0);
		assert.ok(recogniser.records.every((record) => record.closed?.code !== 3007));
	});
	return lags;
}

describe('AssemblyAI on the wire: an outage of a live stream', { concurrency: true }, () => {
	it('is made up for, though the recogniser is strict', options, async (test) => {
		const lags = await outage({}, { pace: 1.25, paceSlackMs: 1500 });
		test.diagnostic(`behind by, in ms, each second: ${lags.map(Math.round).join(' ')}`);
		assert.ok(lags.slice(0, 19).every((ms) => ms < 1000));
		assert.ok(Math.max(...lags) > 7000);
		assert.ok(lags.slice(-5).every((ms) => ms < 1000));
	});

	it('would not be at the pace of speech', options, async () => {
		assert.ok(((await outage({ pace: 1 })).at(-1) ?? 0) > 6000);
	});
});

describe('AssemblyAI on the wire: a recording that comes all at once', () => {
	it('is sent no further ahead than the recogniser takes', options, async () => {
		const lockstep = new Lockstep();
		const { clock } = lockstep;
		const limits = { pace: 1, paceSlackMs: 6000 };
		await withAssemblyAi({ limits, paceNow: () => clock.now() }, async (vendors, recogniser) => {
			const provider = { ...vendors, capabilities: { ...vendors.capabilities, leadMs: 5000 } };
			const stream = new WireStream(lockstep.watch(provider), { clock });
			const sent = numberedAudio(600);
			stream.send(sent);
			const closed = await lockstep.end(stream);
			checkAll(stream, recogniser, sent, 600);
			assert.equal(closed.reconnects, 0);
			assert.ok(clock.now() >= 60_000 - 6000);
		});
	});

	it('is refused by it when it comes much too fast', options, () =>
		withAssemblyAi({ script: {} }, async (vendors, recogniser) => {
			const any = { pace: Number.POSITIVE_INFINITY, leadMs: Number.POSITIVE_INFINITY };
			const provider = { ...vendors, capabilities: { ...vendors.capabilities, ...any } };
			const stream = new WireStream(provider, { settings: { reconnectMs: 0 } });
			stream.send(Buffer.alloc(310_000 * 32));
			const closed = await stream.end();
			assert.equal(closed.code, 'STT_PROTOCOL');
			assert.equal(recogniser.records[0]?.closed?.code, 3007);
		}),
	);
});
