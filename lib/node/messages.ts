import type { PcmFormat } from '../audio/format.ts';
import type { Level } from '../audio/level.ts';

// The messages that travel between nodes. Property names are a contract: flows, tests and other packages use them.

/** `msg.parts` as core nodes know it (Join rebuilds a recording from the chunks). */
export interface AudioParts {
	/** The stream. */
	id: string;
	index: number;
	type: 'buffer';
	ch: '';
	/** Only on the last chunk. */
	count?: number;
}

/** Why a microphone stream ended; `audio.ended` on its last chunk. `lost`: the page that spoke has gone. */
export type EndReason =
	| 'stop'
	| 'max'
	| 'silence'
	| 'start-timeout'
	| 'end-of-file'
	| 'lost'
	| 'error'
	| 'close';

/** One piece of an audio stream. Payload: interleaved little-endian signed 16-bit PCM. */
export interface AudioChunkMessage {
	payload: Buffer;
	audio: PcmFormat & {
		encoding: 'pcm_s16le';
		/** Milliseconds from the first sample of the stream to the first sample of this chunk. */
		startMs: number;
		/** dBFS, floor -120. */
		level: Level;
		ended?: EndReason;
	};
	parts: AudioParts;
	complete?: true;
	topic: string;
}

/** A whole recording. Payload: a WAV file. */
export interface RecordingMessage {
	payload: Buffer;
	audio: PcmFormat & { encoding: 'wav'; durationMs: number /** Cut at `recordMaxMs`. */; truncated?: true };
	topic: string;
	/** The stream that this is the recording of. */
	stream: string;
}

/** Abandon a stream now; stt-stream and audio-play drop it. Has no payload. */
export interface ResetMessage {
	reset: true;
	parts: { id: string };
	topic: string;
}

export interface TranscriptWord {
	text: string;
	startMs: number;
	endMs: number;
	confidence?: number;
}

/** One result of a recogniser. Times are milliseconds of the audio stream. */
export interface Transcript {
	kind: 'partial' | 'final' | 'refined';
	text: string;
	startMs: number;
	endMs: number;
	/** Counts the utterances of a stream from 0. */
	turn: number;
	language?: string;
	/** 0 to 1; absent when the recogniser gives none. */
	confidence?: number;
	words?: TranscriptWord[];
	alternatives?: { text: string; confidence?: number }[];
	provider: string;
	/** The audio's `parts.id`. */
	stream: string;
}

export interface TranscriptMessage {
	payload: string;
	transcript: Transcript;
	topic: string;
}

export type SessionEventName =
	| 'open'
	| 'speech-started'
	| 'end-of-utterance'
	| 'status'
	| 'reconnecting'
	| 'rotated'
	| 'dropped-audio'
	| 'closed';

export interface SessionDetails {
	stream: string;
	provider: string;
	/** Milliseconds of audio handed to the recogniser. */
	audioMs: number;
	reconnects: number;
	droppedMs: number;
	/** Milliseconds from the first audio to the first partial or final. */
	firstPartialMs?: number;
	/** Milliseconds from the end of the audio to the last final. */
	finalLatencyMs?: number;
	/** Only in 'closed': all finals of the stream, joined. */
	text?: string;
	/** Only in 'closed', when the stream failed. */
	code?: string;
	/** Position of a speech or utterance event in the stream. */
	atMs?: number;
	/** The recogniser's own words in a 'status'. */
	detail?: string;
}

export interface SessionMessage {
	payload: SessionEventName;
	session: SessionDetails;
	topic: string;
}

export interface ChunkInput {
	stream: string;
	topic: string;
	index: number;
	pcm: Buffer;
	format: PcmFormat;
	startMs: number;
	level: Level;
	/** Set on the last chunk. */
	ended?: EndReason;
}

/** Builds a fresh message around `pcm`, which must not be written to afterwards. */
export function chunkMessage(chunk: ChunkInput): AudioChunkMessage {
	const { ended, format } = chunk;
	const message: AudioChunkMessage = {
		payload: chunk.pcm,
		audio: {
			sampleRate: format.sampleRate,
			channels: format.channels,
			encoding: 'pcm_s16le',
			startMs: chunk.startMs,
			level: chunk.level,
		},
		parts: { id: chunk.stream, index: chunk.index, type: 'buffer', ch: '' },
		topic: chunk.topic,
	};
	if (ended !== undefined) {
		message.audio.ended = ended;
		message.parts.count = chunk.index + 1;
		message.complete = true;
	}
	return message;
}

export function resetMessage(stream: string, topic: string): ResetMessage {
	return { reset: true, parts: { id: stream }, topic };
}
