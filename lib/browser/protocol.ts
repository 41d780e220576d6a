// What a page's microphone (voice-mic/) and the endpoint in Node-RED (endpoint.ts) say to each other. Both sides import
// this file: it knows neither Node.js nor the DOM.
//
// Below the node's path P, itself below httpNodeRoot:
//   GET  P/                     a page with nothing but the microphone (P redirects there)
//   GET  P/voice-mic.js         the web component; its AudioWorklet is P/voice-mic-worklet.js
//   POST P/ticket               200 { "ticket": "…" }, good once, for some seconds, for this node; else { code, message }.
//                               PAGE_HEADER: a random text of 32 to 64 letters, digits, - and _ that a page makes up. With
//                               the same one on its next connection it gets the results that it has missed.
//   GET  P/stream?ticket=…      WebSocket: text frames are the JSON below, binary frames are audio
//
// Audio is mono s16le at the `sampleRate` of the last `start`. One utterance at a time; each is a stream of its own.
// The page says nothing before `ready`. Audio that is still on its way when an utterance has ended is ignored.

/** From the page. */
export type PageMessage =
	/**
	 * An utterance begins. `utterance` counts them on this connection, from 1. `sampleRate`: SAMPLE_RATES. Answered by
	 * `started`, or by an `error` with its number.
	 */
	| { type: 'start'; utterance: number; sampleRate: number }
	/** No more audio of it comes. `cause`: which of the page's limits ended it, if one did. */
	| { type: 'stop'; utterance: number; cause?: 'max' | 'silence' | 'start-timeout' }
	/** Abandon it: nobody wants its text. */
	| { type: 'reset'; utterance: number };

/** What the node is set to; the page may be stricter. 0 = no limit. */
export interface NodeLimits {
	/** Hertz of the stream that the node sends; the best rate for a page to send. */
	sampleRate: number;
	maxMs: number;
	startTimeoutMs: number;
	silenceStopMs: number;
	/** dBFS below which there is no speech. */
	silenceThresholdDb: number;
}

/** A result for the page that spoke: a Transcript (lib/node/messages.ts) without what only a flow needs. */
export interface PageTranscript {
	kind: 'partial' | 'final' | 'refined';
	text: string;
	/** Counts the utterances that the recogniser hears in one stream, from 0. */
	turn: number;
	startMs?: number;
	endMs?: number;
	/** 0 to 1; absent when unknown. */
	confidence?: number;
	language?: string;
}

/** From the endpoint. */
export type EndpointMessage =
	/** The first one: the connection may be used. */
	| { type: 'ready'; limits: NodeLimits }
	/** `stream` is the `parts.id` of the utterance's messages. */
	| { type: 'started'; utterance: number; stream: string }
	/** The node has sent its last audio; `ended` as in `audio.ended`, or 'reset'. Also when the node ended it by itself. */
	| { type: 'stopped'; utterance: number; stream: string; ended: string }
	| { type: 'transcript'; stream: string; transcript: PageTranscript }
	/** The recogniser is through with the stream; with `code` if it failed. Absent where the flow wires no session back. */
	| { type: 'closed'; stream: string; text: string; code?: string }
	/** Something went wrong with this utterance (or with the connection, where it is absent). */
	| { type: 'error'; code: string; message: string; utterance?: number };

/** Not part of an address, because those are logged. */
export const PAGE_HEADER = 'x-voice-page';

/** WebSocket close codes that mean something here. */
export const CLOSE = {
	/** The page did what no page of ours does. */
	policy: 1008,
	/** A frame larger than MAX_FRAME_BYTES. */
	tooBig: 1009,
	/** The flow is deployed anew, or Node-RED ends: come again. */
	restart: 1012,
	/** Too many pages at once: come again later. */
	tryLater: 1013,
} as const;

/** One second of 48 kHz audio; a page sends 20 to 100 ms at a time. */
export const MAX_FRAME_BYTES = 96_000;

/** Hertz that a page may send. */
export const SAMPLE_RATES = { min: 8000, max: 192_000 } as const;
