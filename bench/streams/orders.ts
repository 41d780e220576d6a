import type { LoadFigures } from './load.ts';

// What the driver and the processes of a trial tell one another.

export interface SourceOrder {
	readonly streams: number;
	readonly frameMs: number;
	/** Of the steady phase: all streams are there, none begins or ends. */
	readonly seconds: number;
}

/** Its load, lateness and backlog are those of the steady phase, all else is of the whole trial. */
export interface SourceFigures extends LoadFigures {
	readonly frames: number;
	readonly samples: number;
	/** Behind the schedule. */
	readonly lateP99Ms: number;
	/** Most that Node-RED had not taken yet and the socket could not hold. */
	readonly backlogBytes: number;
}

export interface RecogniserFigures extends LoadFigures {
	readonly sessions: number;
	readonly samples: number;
	/** Frames that were not the next one of their stream. */
	readonly misplaced: number;
	readonly partials: number;
	/** From when a frame was due to when its last byte was read here, for the newest frame of each piece. */
	readonly latencyP50Ms: number;
	readonly latencyP99Ms: number;
}

/** Of Node-RED's process, in the steady phase. */
export interface NodeRedFigures extends LoadFigures {
	readonly memoryMb: number;
}

/** What came out of stt-stream since its deployment. */
export interface Outcome {
	readonly transcripts: number;
	/** Session events by their name. */
	readonly events: Readonly<Record<string, number>>;
	/** Sums over the events 'closed'. */
	readonly audioMs: number;
	readonly droppedMs: number;
	readonly reconnects: number;
	/** Streams that ended with a failure, by its code. */
	readonly codes: Readonly<Record<string, number>>;
}
