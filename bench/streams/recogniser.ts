import type { AddressInfo } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import process from 'node:process';
import { type WebSocket, WebSocketServer } from 'ws';
import { Check, frameBytes, machineMs, RATE } from './frames.ts';
import { Load } from './load.ts';
import type { RecogniserFigures } from './orders.ts';

// A process of its own that answers as AssemblyAI's Universal-Streaming v3 does: a partial for each second of audio, a
// final for each four. It looks at every frame, and keeps none. The lab's emulator keeps all audio, to compare it.

const WORDS_PER_SECOND = 3;
const TURN_SECONDS = 4;
const SECOND_BYTES = RATE * 2;

const say = (message: object) => process.send?.(message);
const size = frameBytes(Number(process.argv[2]));
const latency = createHistogram();
const load = new Load();
let isSteady = false;
const sum = { sessions: 0, samples: 0, misplaced: 0, partials: 0 };

/** One session of a client. */
class Session {
	readonly #socket: WebSocket;
	readonly #check = new Check(size);
	#turn = 0;
	#seconds = 0;

	constructor(socket: WebSocket) {
		this.#socket = socket;
		sum.sessions++;
		this.#say({ type: 'Begin', id: `${sum.sessions}`, expires_at: Math.floor(Date.now() / 1000) + 10_800 });
		socket.on('message', (data: Buffer, isBinary) => (isBinary ? this.#audio(data) : this.#end()));
	}

	#audio(data: Buffer): void {
		const check = this.#check;
		const due = check.push(data);
		if (isSteady && due !== undefined) latency.record(Math.max(1, Math.round((machineMs() - due) * 1000)));
		if (check.bytes < (this.#seconds + 1) * SECOND_BYTES) return;
		this.#seconds++;
		const isEnd = this.#seconds % TURN_SECONDS === 0;
		this.#say(this.#heard(isEnd));
		if (isEnd) this.#turn++;
		else sum.partials++;
	}

	/** All of the turn that was heard so far. */
	#heard(isEnd: boolean): object {
		const from = this.#turn * TURN_SECONDS;
		const words = Array.from({ length: (this.#seconds - from) * WORDS_PER_SECOND }, (_, index) => {
			const start = from * 1000 + (index * 1000) / WORDS_PER_SECOND;
			const [text, confidence] = [`word${index}`, 0.9];
			return {
				start: Math.round(start),
				end: Math.round(start + 300),
				text,
				confidence,
				word_is_final: true,
			};
		});
		return {
			type: 'Turn',
			turn_order: this.#turn,
			turn_is_formatted: false,
			end_of_turn: isEnd,
			transcript: words.map(({ text }) => text).join(' '),
			end_of_turn_confidence: isEnd ? 0.9 : 0.1,
			words,
		};
	}

	/** The client's word for it is the only other message that it sends. */
	#end(): void {
		if (this.#seconds > this.#turn * TURN_SECONDS) this.#say(this.#heard(true));
		const { bytes, misplaced } = this.#check;
		sum.samples += bytes / 2;
		sum.misplaced += misplaced;
		this.#say({ type: 'Termination', audio_duration_seconds: bytes / SECOND_BYTES });
		this.#socket.close(1000);
	}

	#say(message: object): void {
		this.#socket.send(JSON.stringify(message));
	}
}

function figures(): RecogniserFigures {
	const [latencyP50Ms, latencyP99Ms] = [50, 99].map((percent) => latency.percentile(percent) / 1000);
	return { ...sum, latencyP50Ms: latencyP50Ms!, latencyP99Ms: latencyP99Ms!, ...load.figures() };
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
	socket.on('error', () => {}); // its bytes are missing in the sum then
	new Session(socket);
});
server.on('listening', () => say({ port: (server.address() as AddressInfo).port }));
process.on('message', (order: { steady: boolean } | 'figures') => {
	if (order === 'figures') say({ figures: figures() });
	else {
		isSteady = order.steady;
		if (isSteady) load.begin();
		else load.end();
	}
});
process.once('disconnect', () => process.exit());
