import { Session } from 'node:inspector/promises';
import { connect } from 'node:net';
import process from 'node:process';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { chunkMessage, type SessionDetails } from '../../lib/node/messages.ts';
import { FIRST, HEAD_BYTES, LAST, RATE } from './frames.ts';
import { Load } from './load.ts';
import type { NodeRedFigures, Outcome } from './orders.ts';

// What the bench of streams adds to Node-RED: a node that makes audio messages of the source's records, a node that
// counts what comes out of stt-stream, and a meter in Node-RED's own process, asked over its admin API.

/** Streams that one stt-stream node takes at the most. */
export const STREAMS_PER_NODE = 1000;

interface SourceConfig extends NodeDef {
	readonly path: string;
	readonly frameMs: number;
	readonly frameBytes: number;
}

export default function benchNodes(RED: NodeAPI): void {
	const meter = new Meter();
	let counter: Counter | undefined;

	RED.nodes.registerType('bench-source', function (this: Node, config: SourceConfig) {
		RED.nodes.createNode(this, config);
		const { path, frameMs, frameBytes } = config;
		const messages = new Messages(frameMs, frameBytes);
		const socket = connect(path);
		socket.on('data', (data) => {
			for (const [output, message] of messages.push(data)) {
				const outputs: (object | null)[] = new Array(output).fill(null);
				outputs.push(message);
				this.send(outputs as NodeMessage[]);
			}
		});
		socket.on('error', (error) => this.error(error));
		this.on('close', () => socket.destroy());
	});

	RED.nodes.registerType('bench-counter', function (this: Node, config: NodeDef) {
		RED.nodes.createNode(this, config);
		const mine = new Counter();
		counter = mine;
		this.on('input', (message, _send, done) => {
			mine.take(message);
			done();
		});
	});

	RED.httpAdmin.post('/bench-streams/:what', (request, response) => {
		const answer = async (): Promise<object | undefined> => {
			switch (request.params.what) {
				case 'begin':
					return meter.begin();
				case 'end':
					return meter.end();
				case 'profile':
					return meter.profile();
				case 'profiled':
					return meter.profiled();
				default:
					return counter?.outcome();
			}
		};
		answer().then(
			(figures) => response.json(figures ?? {}),
			(error) => response.status(500).send(String(error)),
		);
	});
}

/** Makes an audio message of each record. */
class Messages {
	readonly #frameMs: number;
	readonly #record: number;
	readonly #indices: number[] = [];
	#rest = Buffer.alloc(0);

	constructor(frameMs: number, frameBytes: number) {
		this.#frameMs = frameMs;
		this.#record = HEAD_BYTES + frameBytes;
	}

	/** Of every record that is complete: at which output, and what. */
	*push(data: Buffer): Generator<[number, object]> {
		const all = this.#rest.length ? Buffer.concat([this.#rest, data]) : data;
		let at = 0;
		for (; at + this.#record <= all.length; at += this.#record) {
			const stream = all.readUInt32LE(at);
			yield [
				Math.floor(stream / STREAMS_PER_NODE),
				this.#message(stream, all.subarray(at, at + this.#record)),
			];
		}
		this.#rest = Buffer.from(all.subarray(at));
	}

	#message(stream: number, record: Buffer): object {
		const flags = record.readUInt32LE(4);
		const index = flags & FIRST ? 0 : this.#indices[stream]!;
		this.#indices[stream] = index + 1;
		return chunkMessage({
			stream: `s${stream}`,
			topic: 'bench',
			index,
			// A Buffer of its own, as mic-capture makes them.
			pcm: Buffer.from(record.subarray(HEAD_BYTES)),
			format: { sampleRate: RATE, channels: 1 },
			startMs: index * this.#frameMs,
			level: { rms: -20, peak: -10 },
			...(flags & LAST && { ended: 'stop' }),
		});
	}
}

/** Counts what stt-stream sends. */
class Counter {
	readonly #events: Record<string, number> = {};
	readonly #codes: Record<string, number> = {};
	readonly #sums = { audioMs: 0, droppedMs: 0, reconnects: 0 };
	#transcripts = 0;

	take(message: NodeMessage): void {
		const session = (message as { session?: SessionDetails }).session;
		if (!session) {
			this.#transcripts++;
			return;
		}
		const name = String(message.payload);
		this.#events[name] = (this.#events[name] ?? 0) + 1;
		if (name !== 'closed') return;
		for (const key of ['audioMs', 'droppedMs', 'reconnects'] as const) this.#sums[key] += session[key];
		if (session.code) this.#codes[session.code] = (this.#codes[session.code] ?? 0) + 1;
	}

	outcome(): Outcome {
		return { transcripts: this.#transcripts, events: this.#events, codes: this.#codes, ...this.#sums };
	}
}

/** Looks at Node-RED's process. */
class Meter {
	#load = new Load();
	#session: Session | undefined;

	begin(): object {
		this.#load = new Load();
		this.#load.begin();
		return {};
	}

	end(): NodeRedFigures {
		this.#load.end();
		return { memoryMb: process.memoryUsage.rss() / 2 ** 20, ...this.#load.figures() };
	}

	async profile(): Promise<object> {
		this.#session = new Session();
		this.#session.connect();
		await this.#session.post('Profiler.enable');
		await this.#session.post('Profiler.setSamplingInterval', { interval: 200 });
		await this.#session.post('Profiler.start');
		return {};
	}

	/** What V8's profiler saw since then. */
	async profiled(): Promise<object> {
		const { profile } = await this.#session!.post('Profiler.stop');
		this.#session!.disconnect();
		return profile;
	}
}
