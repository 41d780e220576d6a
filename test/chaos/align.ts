import { BYTES_PER_MS } from './speech.ts';

/** A part of a stream, in bytes. */
export interface Interval {
	from: number;
	to: number;
}

/** So many samples tell a place in speech (speech.ts) from every other. */
const NEEDLE = 64 * 2;
const LEAST = 8 * 2;

export interface Alignment {
	/** The parts of the stream. */
	parts: Interval[];
	/** How many bytes of the audio are no part of it; silence does not count. */
	foreign: number;
	/** How often there is silence between two parts: it holds a session open while nobody sends anything. */
	pauses: number;
}

/** Where in the stream the audio is that a recogniser got: it may begin anywhere, and leave parts out. */
export function align(heard: Buffer, stream: Buffer): Alignment {
	const parts: Interval[] = [];
	let foreign = 0;
	let pauses = 0;
	let isPause = false;
	let expected = 0;
	for (let at = 0; at < heard.length; ) {
		const place = find(heard, at, stream, expected);
		if (place === undefined) {
			if (heard.readInt16LE(at) !== 0) foreign += 2;
			else isPause = parts.length > 0;
			at += 2;
			continue;
		}
		const length = commonLength(heard.subarray(at), stream.subarray(place));
		parts.push({ from: place, to: place + length });
		if (isPause) pauses++;
		isPause = false;
		expected = place + length;
		at += length;
	}
	return { parts, foreign, pauses };
}

/**
 * Of a sound that a recogniser got from one of several streams: which. Undefined: it is silence, or of none of them.
 * Where one stream ends and the next begins at the same moment, both may have the same samples: the one that has more
 * of it.
 */
export function owner<T extends { readonly pcm: Buffer }>(
	heard: Buffer,
	streams: readonly T[],
): T | undefined {
	let begin = 0;
	while (begin < heard.length && heard.readInt16LE(begin) === 0) begin += 2;
	// Shorter ones, too: a stream may be shorter, and filled up with silence.
	for (let size = NEEDLE; size >= LEAST; size /= 2)
		for (let at = begin; at + LEAST <= heard.length; at += size) {
			const needle = heard.subarray(at, at + size);
			if (isZero(needle)) continue;
			const [found, ...others] = streams.filter(({ pcm }) => indexOfSample(pcm, needle, 0) >= 0);
			if (!found) continue;
			const shared = (stream: T) => covered(align(heard, stream.pcm).parts);
			return others.reduce((best, other) => (shared(other) > shared(best) ? other : best), found);
		}
	return undefined;
}

/** How many bytes the parts cover together. */
export function covered(parts: readonly Interval[]): number {
	let bytes = 0;
	let until = 0;
	for (const { from, to } of [...parts].sort((a, b) => a.from - b.from)) {
		bytes += Math.max(0, to - Math.max(from, until));
		until = Math.max(until, to);
	}
	return bytes;
}

/** Milliseconds of digital silence in it, as a card delivers it that nobody speaks into: no place in that is unique. */
export function silentMs(pcm: Buffer): number {
	let bytes = 0;
	for (let at = 0; at + LEAST <= pcm.length; at += LEAST)
		if (isZero(pcm.subarray(at, at + LEAST))) bytes += LEAST;
	return bytes / BYTES_PER_MS;
}

function find(heard: Buffer, at: number, stream: Buffer, expected: number): number | undefined {
	for (let size = NEEDLE; size >= LEAST; size /= 2) {
		const needle = heard.subarray(at, at + size);
		if (needle.length < size && size > LEAST) continue;
		// The next sample of the stream, if that fits; silence may be there only.
		if (stream.subarray(expected, expected + needle.length).equals(needle)) return expected;
		if (isZero(needle)) return undefined;
		const later = indexOfSample(stream, needle, expected);
		const place = later >= 0 ? later : indexOfSample(stream, needle, 0);
		if (place >= 0) return place;
	}
	return undefined;
}

function indexOfSample(stream: Buffer, needle: Buffer, from: number): number {
	let at = stream.indexOf(needle, from);
	while (at % 2 === 1) at = stream.indexOf(needle, at + 1);
	return at;
}

function commonLength(a: Buffer, b: Buffer): number {
	const most = Math.min(a.length, b.length);
	if (a.compare(b, 0, most, 0, most) === 0) return most;
	let length = 0;
	while (a[length] === b[length]) length++;
	return length - (length % 2);
}

const isZero = (pcm: Buffer): boolean => pcm.every((byte) => byte === 0);
