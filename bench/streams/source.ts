import { createServer, type Socket } from 'node:net';
import { createHistogram, performance } from 'node:perf_hooks';
import process from 'node:process';
import { noise } from '../../test/lab/signals.ts';
import { FIRST, frameBytes, HEAD_BYTES, LAST, machineMs, RATE, writeMark } from './frames.ts';
import { Load } from './load.ts';
import type { SourceFigures, SourceOrder } from './orders.ts';

// A process of its own that paces many streams: their frames are spread evenly over the time of a frame. It listens
// on a local socket, whose one client gets all of them.

/** New streams a second, until all are there. */
const STARTS_PER_SECOND = 250;
/** After the last start, and before the first end. */
const SETTLE_MS = 2000;
const SLACK_MS = 500;
/** A whole number of pieces of each size that a recogniser gets: none has to be filled up. */
const WHOLE_MS = 600;

const say = (message: object) => process.send?.(message);

/** Writes frames when they are due. */
class Pacer {
	readonly #socket: Socket;
	readonly #order: SourceOrder;
	readonly #size: number;
	/** Between two frames, of whichever streams. */
	readonly #stepMs: number;
	/** Frames of each stream. */
	readonly #count: number;
	/** Streams that begin in one round of all streams. */
	readonly #perRound: number;
	readonly #steadyMs: number;
	readonly #sound: Buffer;
	readonly #late = createHistogram();
	readonly #load = new Load();
	#beganAt = 0;
	/** Places of the schedule that are over: round after round, each with a place for every stream. */
	#place = 0;
	#frames = 0;
	#backlog = 0;
	#isSteady = false;

	constructor(socket: Socket, order: SourceOrder) {
		const { streams, frameMs, seconds } = order;
		this.#socket = socket;
		this.#order = order;
		this.#size = frameBytes(frameMs);
		this.#stepMs = frameMs / streams;
		this.#perRound = Math.max(1, Math.round((STARTS_PER_SECOND * frameMs) / 1000));
		const rampMs = Math.ceil(streams / this.#perRound) * frameMs;
		this.#steadyMs = rampMs + SETTLE_MS;
		const lengthMs = Math.ceil((this.#steadyMs + seconds * 1000 + SLACK_MS) / WHOLE_MS) * WHOLE_MS;
		this.#count = lengthMs / frameMs;
		this.#sound = noise(RATE);
	}

	begin(): void {
		this.#beganAt = machineMs();
		this.#tick();
	}

	#tick(): void {
		const now = machineMs();
		const until = Math.floor((now - this.#beganAt) / this.#stepMs) + 1;
		const { streams } = this.#order;
		const due: number[] = [];
		for (; this.#place < until; this.#place++) {
			const index = this.#indexAt(this.#place);
			if (index >= 0 && index < this.#count) due.push(this.#place);
		}
		if (due.length) this.#write(due, now);
		this.#watch(now - this.#beganAt);
		const isOver = this.#place / streams > this.#count + Math.ceil(streams / this.#perRound);
		if (isOver) say({ done: this.figures() });
		else setTimeout(() => this.#tick(), 1);
	}

	/** Which frame of its stream is due at this place of the schedule; not one that exists before and after it. */
	#indexAt(place: number): number {
		const { streams } = this.#order;
		return Math.floor(place / streams) - Math.floor((place % streams) / this.#perRound);
	}

	#write(places: readonly number[], now: number): void {
		const record = HEAD_BYTES + this.#size;
		const bytes = Buffer.allocUnsafeSlow(places.length * record);
		places.forEach((place, at) => {
			const stream = place % this.#order.streams;
			const index = this.#indexAt(place);
			const dueMs = this.#beganAt + place * this.#stepMs;
			const begin = at * record;
			bytes.writeUInt32LE(stream, begin);
			bytes.writeUInt32LE((index === 0 ? FIRST : 0) | (index === this.#count - 1 ? LAST : 0), begin + 4);
			const from = (place * 62) % (this.#sound.length - this.#size);
			this.#sound.copy(bytes, begin + HEAD_BYTES, from, from + this.#size);
			writeMark(bytes, begin + HEAD_BYTES, { stream, index, dueMs });
			if (this.#isSteady) this.#late.record(Math.max(1, Math.round((now - dueMs) * 1000)));
		});
		this.#socket.write(bytes);
		this.#frames += places.length;
		if (this.#isSteady) this.#backlog = Math.max(this.#backlog, this.#socket.writableLength);
	}

	#watch(ms: number): void {
		const isSteady = ms >= this.#steadyMs && ms < this.#steadyMs + this.#order.seconds * 1000;
		if (isSteady === this.#isSteady) return;
		this.#isSteady = isSteady;
		if (isSteady) this.#load.begin();
		else this.#load.end();
		say({ steady: isSteady });
	}

	figures(): SourceFigures {
		return {
			frames: this.#frames,
			samples: (this.#frames * this.#size) / 2,
			lateP99Ms: this.#late.percentile(99) / 1000,
			backlogBytes: this.#backlog,
			...this.#load.figures(),
		};
	}
}

const server = createServer((socket) => {
	socket.on('error', (error) => say({ failed: error.message }));
	process.once('message', (order: SourceOrder) => new Pacer(socket, order).begin());
	say({ connected: true });
});
server.listen(process.argv[2], () => say({ listening: performance.now() }));
process.once('disconnect', () => process.exit());
