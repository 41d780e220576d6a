import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import { type Mark, type Moment, moment } from './marks.ts';

/** So much of what arrived is looked for in what went off: of noise, it is in one place only. */
const WINDOW_BYTES = 64;
const BINARY = 2;

/**
 * For each piece of sound that arrived from then on: how long after its last sample had gone off, in milliseconds. What
 * went off may come in pieces of any size, of which the one with that last sample counts.
 * @throws if what arrived is not what went off
 */
export function delaysOf(off: readonly Mark[], arrived: readonly Mark[], from: Moment): number[] {
	const sound = Buffer.concat(off.map(({ data }) => data));
	const ends = endsOf(off);
	const arrivals = endsOf(arrived);
	const first = Buffer.concat(arrived.map(({ data }) => data)).subarray(0, WINDOW_BYTES);
	const offset = first.length ? sound.indexOf(first) : -1;
	if (offset < 0) throw new Error('Of what arrived, nothing had gone off');
	const delays: number[] = [];
	let piece = 0;
	arrived.forEach(({ at, data }, index) => {
		const end = offset + (arrivals[index] ?? 0);
		if (!sound.subarray(end - data.length, end).equals(data))
			throw new Error(`Piece ${index} of what arrived is not what went off`);
		while ((ends[piece] ?? Number.POSITIVE_INFINITY) < end) piece++;
		if (at >= from) delays.push(at - (off[piece]?.at ?? Number.NaN));
	});
	return delays;
}

/** Where each piece ends, in bytes from the beginning of the first. */
function endsOf(pieces: readonly Mark[]): number[] {
	let end = 0;
	return pieces.map(({ data }) => {
		end += data.length;
		return end;
	});
}

/** What the recogniser got. */
export function arrivalsOf(record: ConnectionRecord): Mark[] {
	const audio = record.audio();
	let end = 0;
	return record.arrivals.map(({ at, bytes }) => {
		end += bytes;
		return { at: moment(at), data: audio.subarray(end - bytes, end) };
	});
}

/** The sound among what a client wrote to a WebSocket. Its frames are written whole, as ws does. */
export function soundOf(written: readonly Mark[]): Mark[] {
	return written.flatMap(({ at, data }) => {
		const sound = binaryOf(data);
		return sound ? [{ at, data: sound }] : [];
	});
}

/** The payload of a client's binary frame (RFC 6455, section 5.2); undefined of anything else. */
function binaryOf(frame: Buffer): Buffer | undefined {
	if (frame.length < 6 || frame[0] !== (0x80 | BINARY) || !((frame[1] ?? 0) & 0x80)) return undefined;
	const short = (frame[1] ?? 0) & 0x7f;
	const at = short === 127 ? 10 : short === 126 ? 4 : 2;
	const mask = frame.subarray(at, at + 4);
	return Buffer.from(frame.subarray(at + 4).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
}
