import type { LabNodeRed, Message } from '../lab/node-red.ts';
import {
	EVENTS,
	MICROPHONES,
	type MicName,
	PLAYERS,
	RECOGNISER_NAMES,
	RECOGNISERS,
	type RecogniserName,
} from './flow.ts';

/** A microphone's stream, as its messages tell it. */
export interface Stream {
	readonly mic: MicName;
	readonly id: string;
	/** All its chunks, one after another. */
	readonly pcm: Buffer;
	/** How often it ended, and how: `audio.ended`, or 'reset'. */
	readonly ends: readonly string[];
	readonly recordings: readonly Buffer[];
}

/** What an stt-stream said of a stream in 'closed'. */
export interface Closing {
	readonly audioMs: number;
	readonly droppedMs: number;
	readonly reconnects: number;
	readonly text: string;
	readonly code?: string;
}

interface Chunk extends Message {
	payload?: unknown;
	reset?: boolean;
	parts?: { id: string };
	audio?: { ended?: string };
}

/** Reads the books of a round out of what Node-RED's nodes have sent since the last one. */
export class Ledger {
	readonly #nodeRed: LabNodeRed;

	constructor(nodeRed: LabNodeRed) {
		this.#nodeRed = nodeRed;
	}

	streams(): Stream[] {
		return MICROPHONES.flatMap((mic) => this.#streamsOf(mic));
	}

	/** What the button said: true for a press, false for its release. */
	get presses(): boolean[] {
		return this.#nodeRed.messages('button', 0).map(({ payload }) => payload === true);
	}

	/** How many chunks the microphones have sent. */
	get progress(): number {
		return MICROPHONES.reduce((sum, mic) => sum + this.#nodeRed.messages(mic, 0).length, 0);
	}

	/** All that a recogniser's node said of a stream, by the name of the event. */
	events(node: RecogniserName, stream: string, name: string): Closing[] {
		return this.#nodeRed
			.messages(node, EVENTS)
			.filter((message) => message['payload'] === name)
			.map((message) => message['session'] as Closing & { stream: string })
			.filter((session) => session.stream === stream);
	}

	/** The players' words that a microphone's recording is over. */
	playbacks(mic: MicName, stream: string): Message[] {
		return this.#nodeRed
			.messages(PLAYERS[mic], 0)
			.filter((message) => message['playback'] !== undefined && message['stream'] === stream);
	}

	/**
	 * What has not come to its end yet, in words.
	 * @param cut streams that a deployment interrupted: their recogniser or player may have been away when they ended
	 * @param isWhole there was no deployment
	 */
	open(cut: ReadonlySet<string>, isWhole: boolean): string[] {
		const missing: string[] = [];
		if (isWhole && this.presses.at(-1)) missing.push('button: not released');
		for (const { mic, id, ends, recordings } of this.streams()) {
			if (!ends.length) missing.push(`${mic} ${id}: no end`);
			for (const node of recognisersOf(mic))
				if (!cut.has(id) && !this.events(node, id, 'closed').length)
					missing.push(`${mic} ${id}: ${node} has not said 'closed'`);
			if (!cut.has(id) && this.playbacks(mic, id).length < recordings.length)
				missing.push(`${mic} ${id}: ${PLAYERS[mic]} is not over`);
		}
		return missing;
	}

	#streamsOf(mic: MicName): Stream[] {
		const books = new Map<string, { pieces: Buffer[]; ends: string[] }>();
		for (const chunk of this.#nodeRed.messages(mic, 0) as Chunk[]) {
			const id = chunk.parts?.id;
			// A reset before the first chunk: nobody has heard of that stream.
			if (id === undefined || (chunk.reset && !books.has(id))) continue;
			const book = books.get(id) ?? { pieces: [], ends: [] };
			books.set(id, book);
			if (chunk.reset) book.ends.push('reset');
			if (Buffer.isBuffer(chunk.payload)) book.pieces.push(chunk.payload);
			if (chunk['complete']) book.ends.push(chunk.audio?.ended ?? 'unknown');
		}
		const recordings = this.#nodeRed.messages(mic, 1);
		return [...books].map(([id, { pieces, ends }]) => ({
			mic,
			id,
			pcm: Buffer.concat(pieces),
			ends,
			recordings: recordings
				.filter((message) => message['stream'] === id)
				.map((message) => message['payload'] as Buffer),
		}));
	}
}

export const recognisersOf = (mic: MicName): RecogniserName[] =>
	RECOGNISER_NAMES.filter((name) => (RECOGNISERS[name] as readonly string[]).includes(mic));
