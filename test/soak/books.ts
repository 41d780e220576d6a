import type { LabNodeRed, Message, NodeFailure } from '../lab/node-red.ts';
import type { Ears } from '../lab/recognisers/hearing.ts';
import { AccountedStream, type Heard, Trace } from './account.ts';

const [FINALS, EVENTS] = [0, 2];
/** A recogniser's figures are whole milliseconds. */
const ROUNDING_MS = 1;

/** What the books are kept of. */
export interface Wiring {
	/** The mic-capture nodes, and the rate of what they send. */
	readonly microphones: readonly string[];
	readonly sampleRate: number;
	/** The words are numbers that begin again after so many. Default: never. */
	readonly numbers?: number;
	/** The stt-stream nodes of recognisers whose audio is seen (`ears`), and of those that tell only how much it was. */
	readonly traced: readonly string[];
	readonly told: readonly string[];
	readonly players: readonly string[];
}

/** Of all streams that a recogniser has closed, in milliseconds of audio. */
export interface Sum {
	streams: number;
	sentMs: number;
	heardMs: number;
	droppedMs: number;
	/** Neither heard nor counted as dropped. Zero is what is wanted. */
	unexplainedMs: number;
	/** Sent to a second session, because the one before was replaced. */
	againMs: number;
	paddingMs: number;
	foreignMs: number;
	connections: number;
	/** Of the connection that got most. */
	longestMs: number;
	reconnects: number;
	rotations: number;
	finals: number;
	words: number;
	missingWords: number;
	failures: number;
}

interface Closing {
	readonly stream: string;
	readonly audioMs: number;
	readonly droppedMs: number;
	readonly reconnects: number;
	readonly code?: string;
}

interface Chunk extends Message {
	payload?: unknown;
	parts?: { id: string };
}

/**
 * Counts every sample from the microphones' messages to what recognisers got, while it happens and in constant memory.
 */
export class Books {
	readonly sums: Record<string, Sum> = {};
	readonly errors: NodeFailure[] = [];
	/** What microphones recorded and had played. */
	recordings = 0;
	playbacks = 0;
	underruns = 0;
	readonly #wiring: Wiring;
	readonly #bytesPerMs: number;
	readonly #streams = new Map<string, AccountedStream>();
	readonly #closings = new Map<string, Map<string, Closing>>();
	readonly #traces = new Map<string, Set<Trace>>();
	/** The last number that was understood, by recogniser and stream. */
	readonly #numbers = new Map<string, number>();

	constructor(wiring: Wiring) {
		this.#wiring = wiring;
		this.#bytesPerMs = (wiring.sampleRate * 2) / 1000;
		for (const name of [...wiring.traced, ...wiring.told]) this.sums[name] = noSum();
	}

	/**
	 * Ears that write down what each of a recogniser's sessions gets, besides hearing it.
	 * @param onHeard is called after each piece
	 */
	ears(recogniser: string, inner: Ears, onHeard: () => void = () => {}): Ears {
		const traces = new Set<Trace>();
		this.#traces.set(recogniser, traces);
		return (rate, index) => {
			const listener = inner(rate, index);
			const trace = new Trace(recogniser);
			traces.add(trace);
			const push = (pcm: Buffer) => {
				trace.push(pcm);
				const words = listener.push(pcm);
				onHeard();
				return words;
			};
			return Object.assign(Object.create(listener) as typeof listener, { push });
		};
	}

	/** Streams that are not closed by all recognisers yet. */
	get open(): readonly AccountedStream[] {
		return [...this.#streams.values()];
	}

	/** Of an open stream: how much of it a recogniser has got. */
	heardMs(stream: AccountedStream, recogniser: string): number {
		return (stream.heard.get(recogniser)?.end ?? 0) / this.#bytesPerMs;
	}

	/** Milliseconds that the stream has sent. */
	sentMs(stream: AccountedStream): number {
		return stream.sent.end / this.#bytesPerMs;
	}

	/**
	 * Takes in all that Node-RED's nodes have sent since the last time, and forgets it.
	 * @param onAudio is told of every chunk, when it is in the books
	 */
	take(nodeRed: LabNodeRed, onAudio: (stream: AccountedStream) => void = () => {}): void {
		const { microphones, traced, told, players } = this.#wiring;
		for (const mic of microphones)
			for (const message of nodeRed.messages(mic)) {
				if ((message['audio'] as { encoding?: string } | undefined)?.encoding === 'wav') this.recordings++;
				else this.#chunk(mic, message as Chunk, onAudio);
			}
		for (const name of [...traced, ...told]) {
			for (const message of nodeRed.messages(name, FINALS)) this.#final(name, message);
			for (const message of nodeRed.messages(name, EVENTS)) this.#event(name, message);
		}
		for (const name of players)
			for (const message of nodeRed.messages(name, 0)) {
				this.playbacks++;
				this.underruns += (message['playback'] as { underruns?: number } | undefined)?.underruns ?? 0;
			}
		this.errors.push(...nodeRed.errors());
		nodeRed.forget();
		this.settle();
	}

	/** Compares what recognisers got with what was sent, and closes the accounts of what is over. */
	settle(): void {
		for (const traces of this.#traces.values())
			for (const trace of traces) trace.settle(this.#streams.values());
		for (const stream of this.#streams.values()) if (stream.isOver) this.#close(stream);
	}

	#chunk(mic: string, chunk: Chunk, onAudio: (stream: AccountedStream) => void): void {
		const id = chunk.parts?.id;
		if (id === undefined) return;
		const stream = this.#streams.get(id) ?? new AccountedStream(id, mic);
		this.#streams.set(id, stream);
		if (Buffer.isBuffer(chunk.payload)) stream.sent.push(chunk.payload);
		if (chunk['complete'] || chunk['reset']) stream.isOver = true;
		onAudio(stream);
	}

	#final(name: string, message: Message): void {
		const sum = this.#sum(name);
		sum.finals++;
		const { stream, text } = message['transcript'] as { stream: string; text: string };
		const key = `${name} ${stream}`;
		for (const word of text.split(' ').filter((one) => /^\d+$/.test(one))) {
			const number = Number(word);
			const before = this.#numbers.get(key);
			this.#numbers.set(key, number);
			sum.words++;
			const { numbers = Number.POSITIVE_INFINITY } = this.#wiring;
			if (before !== undefined && number !== (before + 1) % numbers) sum.missingWords++;
		}
	}

	#event(name: string, message: Message): void {
		const session = message['session'] as Closing;
		if (message['payload'] === 'rotated') this.#sum(name).rotations++;
		if (message['payload'] !== 'closed') return;
		const closings = this.#closings.get(session.stream) ?? new Map<string, Closing>();
		this.#closings.set(session.stream, closings);
		closings.set(name, session);
	}

	#close(stream: AccountedStream): void {
		const { traced, told } = this.#wiring;
		const closings = this.#closings.get(stream.id);
		if (!closings || ![...traced, ...told].every((name) => closings.has(name))) return;
		const mine = traced.flatMap((name) =>
			[...(this.#traces.get(name) ?? [])].filter((trace) => trace.stream === stream),
		);
		if (!mine.every(({ idle }) => idle)) return;
		for (const traces of this.#traces.values()) for (const trace of mine) traces.delete(trace);
		for (const name of traced) this.#add(name, stream, closings.get(name) as Closing, stream.heardBy(name));
		for (const name of told) this.#add(name, stream, closings.get(name) as Closing);
		for (const name of closings.keys()) this.#numbers.delete(`${name} ${stream.id}`);
		this.#streams.delete(stream.id);
		this.#closings.delete(stream.id);
	}

	#add(name: string, stream: AccountedStream, closing: Closing, heard?: Heard): void {
		const ms = (bytes: number) => bytes / this.#bytesPerMs;
		const sum = this.#sum(name);
		const sentMs = ms(stream.sent.end);
		const heardMs = heard ? ms(heard.bytes) : closing.audioMs;
		const missingMs = sentMs - heardMs - closing.droppedMs;
		sum.streams++;
		sum.sentMs += sentMs;
		sum.heardMs += heardMs;
		sum.droppedMs += closing.droppedMs;
		sum.unexplainedMs += heard || missingMs > ROUNDING_MS ? Math.max(0, missingMs) : 0;
		sum.reconnects += closing.reconnects;
		if (closing.code !== undefined) sum.failures++;
		if (!heard) return;
		sum.againMs += ms(heard.again);
		sum.paddingMs += ms(heard.padding);
		sum.foreignMs += ms(heard.foreign);
		sum.connections += heard.connections;
		sum.longestMs = Math.max(sum.longestMs, ms(heard.longest));
	}

	#sum(name: string): Sum {
		return this.sums[name] as Sum;
	}
}

const noSum = (): Sum => ({
	streams: 0,
	sentMs: 0,
	heardMs: 0,
	droppedMs: 0,
	unexplainedMs: 0,
	againMs: 0,
	paddingMs: 0,
	foreignMs: 0,
	connections: 0,
	longestMs: 0,
	reconnects: 0,
	rotations: 0,
	finals: 0,
	words: 0,
	missingWords: 0,
	failures: 0,
});
