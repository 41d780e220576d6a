import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConverter, loadResampler } from '../../../lib/audio/resample.ts';
import { noise } from '../signals.ts';
import { numbers, scripted, sentence, Turns } from './hearing.ts';
import {
	BLOCK_MS,
	GARBLED,
	NUMBERS,
	NumberedDecoder,
	numberedAudio,
	numberedText,
} from './numbered-audio.ts';

const RATES = [8000, 11_025, 16_000, 22_050, 44_100, 48_000];

function heard(pcm: Buffer, rate = 16_000, piece = pcm.length): string {
	const decoder = new NumberedDecoder(rate);
	const words = [];
	for (let at = 0; at < pcm.length; at += piece) words.push(...decoder.push(pcm.subarray(at, at + piece)));
	words.push(...decoder.end());
	return words.map(({ number }) => number ?? GARBLED).join(' ');
}

/** A block's samples at 16 kHz, in bytes. */
const BLOCK = (BLOCK_MS * 16_000 * 2) / 1000;

describe('numbered audio', () => {
	it('is understood at every rate and in every piece', () => {
		for (const rate of RATES) {
			const pcm = numberedAudio(20, rate, 1000);
			assert.equal(pcm.length, Math.round(rate * 2) * 2);
			for (const piece of [1, 2, 333, 4096, pcm.length])
				assert.equal(heard(pcm, rate, piece), numberedText(20, 1000), `${rate} Hz, ${piece} bytes`);
		}
	});

	it('is understood whatever the number', () => {
		const numbers = [0, 1, 2, 4, 0x55555, 0xaaaaa, NUMBERS - 2, NUMBERS - 1];
		for (let i = 0; i < 500; i++) numbers.push((i * 104_729) % NUMBERS);
		for (const number of numbers) assert.equal(heard(numberedAudio(1, 16_000, number)), String(number));
		assert.equal(heard(numberedAudio(2, 16_000, NUMBERS - 1)), `${NUMBERS - 1} 0`);
	});

	it('is understood after resampling', async () => {
		await loadResampler();
		for (const from of RATES)
			for (const to of [8000, 16_000, 48_000]) {
				const converter = createConverter({ sampleRate: from, channels: 1 }, { sampleRate: to, channels: 1 });
				const pcm = Buffer.concat([converter.push(numberedAudio(30, from, 500)), converter.flush()]);
				converter.close();
				assert.equal(heard(pcm, to), numberedText(30, 500), `${from} to ${to} Hz`);
			}
	});

	it('tells where each word stands', () => {
		const words = new NumberedDecoder(16_000).push(Buffer.concat([Buffer.alloc(3200), numberedAudio(2)]));
		assert.deepEqual(words, [
			{ number: 0, startMs: 110, endMs: 190 },
			{ number: 1, startMs: 210, endMs: 290 },
		]);
	});

	it('shows what is lost, doubled, swapped, cut or damaged', () => {
		const pcm = numberedAudio(6);
		const block = (from: number, to = from + 1) => pcm.subarray(from * BLOCK, to * BLOCK);
		assert.equal(heard(Buffer.concat([block(0, 2), block(3, 6)])), '0 1 3 4 5');
		assert.equal(heard(Buffer.concat([block(0, 2), block(1, 6)])), '0 1 1 2 3 4 5');
		assert.equal(heard(Buffer.concat([block(1), block(0), block(2, 6)])), '1 0 2 3 4 5');
		// 1 ms of a word, in bytes.
		const ms = 32;
		const middle = 2 * BLOCK + 50 * ms;
		const without = (bytes: number) => Buffer.concat([pcm.subarray(0, middle), pcm.subarray(middle + bytes)]);
		assert.equal(heard(without(5 * ms)), `0 1 ${GARBLED} 3 4 5`);
		assert.equal(heard(without(BLOCK)), `0 1 ${GARBLED} 4 5`);
		assert.equal(heard(pcm.subarray(50 * ms)), `${GARBLED} 1 2 3 4 5`);
		assert.equal(heard(pcm.subarray(0, middle)), `0 1 ${GARBLED}`);
		const noisy = Buffer.from(pcm);
		noise(800).copy(noisy, 3 * BLOCK + 20 * ms);
		assert.equal(heard(noisy), `0 1 2 ${GARBLED} 4 5`);
		const inverted = Buffer.from(pcm);
		for (let at = 4 * BLOCK; at < 5 * BLOCK; at += 2) inverted.writeInt16LE(-pcm.readInt16LE(at), at);
		assert.equal(heard(inverted), `0 1 2 3 ${GARBLED} 5`);
	});

	it('finds nothing in silence, and does not collect what has no end', () => {
		assert.equal(heard(Buffer.alloc(320_000)), '');
		const words = heard(noise(160_000), 16_000, 3200).split(' ');
		assert.ok(
			words.length >= 10000 / (2 * BLOCK_MS) && words.every((word) => word === GARBLED),
			words.join(),
		);
	});
});

describe('turns', () => {
	const rules = { pauseMs: 300, endMs: 800, maxWords: Number.POSITIVE_INFINITY };
	const silence = (ms: number) => Buffer.alloc(ms * 32);
	const says = (events: ReturnType<Turns['push']>) =>
		events.map(({ type, turn, words, paused }) => [
			type,
			turn,
			words.map(({ text }) => text).join(' '),
			paused,
		]);

	it('end with pauses, in order, also if much comes at once', () => {
		const pcm = Buffer.concat([
			numberedAudio(1),
			silence(400),
			numberedAudio(1, 16_000, 1),
			silence(1000),
			numberedAudio(1, 16_000, 2),
		]);
		const expected = [
			['word', 0, '0', false],
			['pause', 0, '0', true],
			['word', 0, '0 1', false],
			['end', 0, '0 1', false],
			['word', 1, '2', false],
			['end', 1, '2', false],
		];
		const atOnce = new Turns(numbers(16_000, 0), rules);
		assert.deepEqual(says([...atOnce.push(pcm), ...atOnce.end()]), expected);
		const bitByBit = new Turns(numbers(16_000, 0), rules);
		const events = [];
		for (let at = 0; at < pcm.length; at += 1600) events.push(...bitByBit.push(pcm.subarray(at, at + 1600)));
		const slowly = [...expected];
		// Now the pause is heard before it turns out to be the end.
		slowly.splice(3, 1, ['pause', 0, '0 1', true], ['end', 0, '0 1', true]);
		assert.deepEqual(says([...events, ...bitByBit.end()]), slowly);
	});

	it('end with their last word, and when they are told to', () => {
		const turns = new Turns(numbers(16_000, 0), { ...rules, maxWords: 2 });
		const events = [...turns.push(numberedAudio(3)), ...turns.end(), ...turns.end()];
		assert.deepEqual(
			events.filter(({ type }) => type === 'end').map(({ words }) => words.map(({ text }) => text)),
			[['0', '1'], ['2']],
		);
	});

	it('hear the words of a script when so much audio has come', () => {
		const turns = new Turns(scripted(sentence('turn it on', 100))(16_000, 0), rules);
		assert.deepEqual(says(turns.push(silence(299))), []);
		assert.deepEqual(says(turns.push(silence(1))), [['word', 0, 'turn', false]]);
		assert.deepEqual(says(turns.push(silence(400))), [['word', 0, 'turn it', false]]);
		// The third word has begun.
		assert.deepEqual(says(turns.end()), [
			['word', 0, 'turn it on', false],
			['end', 0, 'turn it on', false],
		]);
	});
});
