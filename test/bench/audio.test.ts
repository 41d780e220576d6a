import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ours, type Resampler } from '../../bench/audio/contestants.ts';
import { measureHour } from '../../bench/audio/hour.ts';
import { measureQuality, measureResamplers, RATIOS } from '../../bench/audio/resamplers.ts';
import { needs } from '../lab/needs.ts';

// Quality is none of the machine's business, so it is asserted here; speed is not.

describe('the resampler', () => {
	for (const [from, to] of RATIOS)
		it(`keeps tones clean, ${from} to ${to} Hz`, async () => {
			const { snrWorstDb, edge01, edge3, aliasesDb } = await measureQuality(ours, from, to);
			const figures = JSON.stringify({ snrWorstDb, edge01, edge3, aliasesDb });
			assert.ok(snrWorstDb >= 90, figures);
			assert.ok(edge01 >= 0.88 && edge3 > edge01, figures);
			if (to < from) assert.ok(Number(aliasesDb) >= 90, figures);
		});

	it('is measured by something that hears noise, a narrow band and aliases', async () => {
		/** Every third sample, without a filter. */
		const decimate: Resampler = async (pcm) => {
			const out = Buffer.alloc(Math.ceil(pcm.length / 6) * 2);
			for (let at = 0; at * 3 + 2 <= pcm.length; at += 2) out.writeInt16LE(pcm.readInt16LE(at * 3), at);
			return { pcm: out, cpuSeconds: 0 };
		};
		const { snrWorstDb, aliasesDb } = await measureQuality(decimate, 48_000, 16_000);
		// Right as long as nothing is above the band.
		assert.ok(snrWorstDb > 90 && Number(aliasesDb) < 1, JSON.stringify({ snrWorstDb, aliasesDb }));
		/** Each sample three times. */
		const hold: Resampler = async (pcm) => {
			const out = Buffer.alloc(pcm.length * 3);
			for (let at = 0; at < out.length; at += 2)
				out.writeInt16LE(pcm.readInt16LE(Math.floor(at / 6) * 2), at);
			return { pcm: out, cpuSeconds: 0 };
		};
		const held = await measureQuality(hold, 16_000, 48_000);
		assert.ok(held.snrWorstDb < 40 && held.edge01 < 0.84, JSON.stringify(held));
	});
});

describe('npm run bench -- audio', () => {
	it('compares the resampler with SoX', { skip: needs('sox') }, async () => {
		const [row, ...more] = await measureResamplers({ seconds: 0.5, runs: 1 }, { ratios: [[48_000, 16_000]] });
		assert.deepEqual([row?.case, more], ['48000→16000', []]);
		for (const one of [row?.ours, row?.soxHigh, row?.soxVeryHigh]) {
			assert.ok(one && one.snrWorstDb > 90 && one.speed > 0, JSON.stringify(one));
			for (const value of [one.snrMedianDb, one.edge01, one.edge3, Number(one.aliasesDb)])
				assert.ok(Number.isFinite(value), JSON.stringify(one));
		}
	});

	it('plays and records a WAV whole', async () => {
		const [row] = await measureHour({ seconds: 0.4 });
		assert.equal(row?.lostMs, 0);
		for (const value of [row?.speed, ...Object.values(row?.rssMb ?? {})]) assert.ok(Number(value) > 0);
	});
});
