import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// What the programs of a flow note while it runs, each in a file of its own: a record is a time (64 bits), a kind and
// a length (32 bits each), and so many bytes. Of one kind each file is in the order of time.

/** Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share, in milliseconds. */
export type Moment = number;

export const HEADER_BYTES = 16;

export const KINDS = {
	/** arecord writes sound to its pipe (test/lab/pipe-clock.c). */
	written: 0,
	/** naudiodon hands a piece of sound to JavaScript. */
	captured: 1,
	/** Node-RED writes bytes to the recogniser's socket: just before it does. */
	sent: 2,
	/** Node-RED has read bytes from the recogniser's socket. */
	received: 3,
	/** A node sends a message; JSON of `Told`. */
	told: 4,
} as const;
export type Kind = keyof typeof KINDS;

/** What of a message matters here. */
export interface Told {
	readonly node: string;
	readonly port: number;
	readonly payload?: boolean | string;
	readonly complete?: true;
}

export interface Mark {
	readonly at: Moment;
	readonly data: Buffer;
}

/** This process's performance.now(), as a moment. */
export const moment = (performanceNow: number): Moment => performanceNow + OFFSET_MS;
const OFFSET_MS = offsetMs();

function offsetMs(): Moment {
	performance.now(); // what is loaded only once is
	const before = performance.now();
	const now = Number(process.hrtime.bigint()) / 1e6;
	return now - (before + performance.now()) / 2;
}

/** All marks of a kind from then on. */
export function marksOf(folder: string, kind: Kind, from: Moment): Mark[] {
	return readdirSync(folder)
		.flatMap((name) => read(readFileSync(join(folder, name)), KINDS[kind]))
		.filter(({ at }) => at >= from)
		.sort((a, b) => a.at - b.at);
}

export const toldOf = (folder: string, from: Moment): (Told & { readonly at: Moment })[] =>
	marksOf(folder, 'told', from).map(({ at, data }) => ({ at, ...(JSON.parse(String(data)) as Told) }));

function read(file: Buffer, wanted: number): Mark[] {
	const marks: Mark[] = [];
	for (let at = 0; at + HEADER_BYTES <= file.length; ) {
		const [kind, length] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
		const data = file.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
		if (kind === wanted) marks.push({ at: Number(file.readBigUInt64LE(at)) / 1e6, data });
		at += HEADER_BYTES + length;
	}
	return marks;
}
