import type { Node } from 'node-red';
import type { NodeGuard } from '../../lib/node/guard.ts';
import { chunkMessage, resetMessage } from '../../lib/node/messages.ts';
import { Recording } from './recording.ts';
import type { MicSettings } from './settings.ts';
import type { Chunk, StreamLabel } from './take.ts';

const AUDIO = 0;
const RECORDING = 1;

/** Makes messages of streams, several of which may run at once, and their recordings. */
export class MicOutputs {
	readonly #node: Node;
	readonly #guard: NodeGuard;
	readonly #settings: MicSettings;
	/** Of the streams that run, by their ids; none if nothing is wired to that output. */
	readonly #recordings = new Map<string, Recording>();

	constructor(node: Node, guard: NodeGuard, settings: MicSettings) {
		this.#node = node;
		this.#guard = guard;
		this.#settings = settings;
	}

	/** Of a recording that runs, more was said than is kept. */
	get cut(): boolean {
		return [...this.#recordings.values()].some(({ truncated }) => truncated);
	}

	/** Sends the chunk, and after the last one the recording. Never throws: timers and sockets call it. */
	chunk(chunk: Chunk): void {
		try {
			this.#send(chunk);
		} catch (thrown) {
			this.#guard.report(thrown, chunk.label.cause);
		}
	}

	abandoned({ id, topic }: StreamLabel): void {
		this.#recordings.delete(id);
		this.#guard.send(AUDIO, resetMessage(id, topic));
	}

	#send(chunk: Chunk): void {
		const { format, recordMaxMs } = this.#settings;
		const { label, ended } = chunk;
		const { id, topic } = label;
		if (chunk.index === 0 && this.#wired(RECORDING))
			this.#recordings.set(id, new Recording(label, format, recordMaxMs));
		const recording = this.#recordings.get(id);
		if (recording?.push(chunk.pcm))
			this.#node.warn(
				`The recording is longer than recordMaxMs: only its first ${recordMaxMs / 1000} s are kept`,
			);
		this.#guard.send(AUDIO, chunkMessage({ ...chunk, stream: id, topic, format }));
		if (ended === undefined) return;
		this.#recordings.delete(id);
		if (recording) this.#guard.send(RECORDING, recording.message());
	}

	#wired(port: number): boolean {
		const { wires } = this.#node as unknown as { wires?: unknown[][] };
		return (wires?.[port]?.length ?? 0) > 0;
	}
}
