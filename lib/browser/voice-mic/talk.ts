import type { EndpointMessage, PageTranscript } from '../protocol.ts';
import { Connection, isLasting } from './connection.ts';
import { Failure, microphoneFailure, obstacle } from './failure.ts';
import type { Frame } from './frames.ts';
import { Microphone } from './microphone.ts';
import { nearestRate, type TalkSettings, tighter } from './settings.ts';
import type { Note, Phase, TalkEvents } from './talk-events.ts';
import { Turn } from './turn.ts';

/** The node's own threshold, where it is not known yet. */
const THRESHOLD_DB = -45;
/** The browser answers sooner, unless it asks the user. */
const ASKING_MS = 700;
/** Somebody speaks, and so long there is no connection. */
const CONNECT_MS = 6000;
/** Node-RED answers a start at once; a connection that was cut without a word (a laptop that slept) does not. */
const STARTED_MS = 6000;
/** So long the text may take, and so long another part of it, where the flow does not tell when it is complete. */
const ANSWER_MS = 30_000;
const SETTLED_MS = 2000;
/** A hold shorter than this was a click. */
const HOLD_MS = 300;
/** Seconds of audio that the network may hold up. */
const SLOW_S = 30;

/** Microphone and connection brought together: one utterance after another, from the click to the text. */
export class Talk {
	phase: Phase = 'idle';
	failure: Failure | undefined;
	note: Note | undefined;
	/** Why there is no connection, where it is not just being made. */
	disconnected: Failure | undefined;
	readonly #settings: () => TalkSettings;
	readonly #events: TalkEvents;
	readonly #connection: Connection;
	readonly #microphone: Microphone;
	#turn: Turn | undefined;
	/** Said before the current one, and not sent yet; meanwhile `#connecting` runs. */
	#earlier: Turn[] = [];
	/** The failure that ends as soon as there is a connection. */
	#unreachable: Failure | undefined;
	#numbers = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#connecting: ReturnType<typeof setTimeout> | undefined;

	/** @param base the node's address, with a slash at the end; voice-mic-worklet.js is there */
	constructor(base: URL, settings: () => TalkSettings, events: TalkEvents) {
		this.#settings = settings;
		this.#events = events;
		this.#microphone = new Microphone(new URL('voice-mic-worklet.js', base));
		this.#connection = new Connection(base, {
			ready: () => this.#ready(),
			message: (message) => this.#receive(message),
			lost: (failure) => this.#lost(failure),
		});
	}

	get connected(): boolean {
		return this.#connection.limits !== undefined;
	}

	/** The text of the last utterance: settled, and not yet. */
	get text(): { final: string; partial: string } {
		const { final = '', partial = '' } = this.#turn?.text ?? {};
		return { final, partial };
	}

	get elapsedMs(): number {
		return this.#turn?.utterance.ms ?? 0;
	}

	/** 0: no limit. */
	get maxMs(): number {
		return tighter(this.#settings().maxMs, this.#connection.limits?.maxMs ?? 0);
	}

	/** How long speech may still take to begin; undefined where it has, or may take for ever. */
	get beginLeftMs(): number | undefined {
		const limit = this.#beginMs;
		if (this.phase !== 'recording' || !limit || !this.#turn || this.#turn.speech) return undefined;
		return Math.max(0, limit - this.elapsedMs);
	}

	/** Connects beforehand, so that a click records at once. */
	open(): void {
		const why = obstacle();
		// A little later: whoever has made the element shall hear of it.
		if (why) this.#timer = setTimeout(() => this.#fail(why));
		else this.#connection.open();
	}

	/** Begins an utterance; must be called from a click or a key. */
	start(): void {
		if (this.phase === 'starting' || this.phase === 'recording') return;
		if (this.#turn?.utterance.waits && !this.#turn.failed) this.#earlier.push(this.#turn);
		this.#clear();
		const { maxMs, sampleRate, raw } = this.#settings();
		const { limits } = this.#connection;
		const turn = new Turn({
			sampleRate: nearestRate(sampleRate ?? limits?.sampleRate),
			maxMs,
			thresholdDb: limits?.silenceThresholdDb ?? THRESHOLD_DB,
		});
		this.#turn = turn;
		this.phase = 'starting';
		this.failure = undefined;
		this.note = undefined;
		if (!obstacle()) this.#connection.open();
		this.#connection.wake();
		this.#timer = setTimeout(() => this.#tell('asking'), ASKING_MS);
		this.#events.changed();
		void this.#record(turn, raw);
	}

	/** Everything is said. */
	stop(): void {
		if (this.phase === 'starting') this.#cancel();
		else if (this.phase === 'recording') void this.#finish('stop');
	}

	/** The button was let go. */
	release(): void {
		const isShort = this.phase === 'recording' && this.elapsedMs < HOLD_MS;
		if (isShort || (this.phase === 'starting' && this.note !== 'asking')) {
			this.#cancel();
			this.#tell('holdLonger');
		} else this.stop();
	}

	/** For ever. What was said so far belongs to the flow. */
	close(): void {
		if (this.phase === 'recording') this.#events.stopped('stop');
		this.#earlier = [];
		this.#clear();
		this.#turn?.end();
		this.phase = 'idle';
		this.#connection.close();
		this.#microphone.close();
	}

	get #beginMs(): number {
		return tighter(this.#settings().beginMs, this.#connection.limits?.startTimeoutMs ?? 0);
	}

	async #record(turn: Turn, raw: boolean): Promise<void> {
		try {
			const isRecording = await turn.record(this.#microphone, raw, {
				frame: (frame) => this.#frame(turn, frame),
				failed: (failure) => turn === this.#turn && this.#fail(failure),
			});
			if (!isRecording && turn === this.#turn && this.note === 'asking') this.#tell('readyToHold');
		} catch (thrown) {
			// Also when it was let go: that nothing can be recorded has to be known.
			if (turn === this.#turn) this.#fail(microphoneFailure(thrown));
		}
	}

	#frame(turn: Turn, frame: Frame): void {
		if (turn !== this.#turn) {
			// Its tail.
			if (turn.utterance.waits) turn.utterance.push(frame.pcm);
			return;
		}
		if (this.phase === 'starting') {
			clearTimeout(this.#timer);
			this.note = undefined;
			this.phase = 'recording';
			// Not from the click: whoever is asked for permission may think about it.
			if (!this.#earlier.length) this.#connecting = setTimeout(() => this.#notConnected(), CONNECT_MS);
			this.#events.started();
		}
		const limit = turn.hear(frame, this.#beginMs);
		this.#attach();
		if (this.phase === 'recording') {
			if (limit) void this.#finish(limit);
			else if (this.#connection.waitingBytes > SLOW_S * 2 * turn.utterance.sampleRate) {
				turn.abandon();
				this.#fail(new Failure('connection-slow'));
			}
		}
		this.#events.level(frame);
		this.#events.changed();
	}

	/** Ends recording, here or because Node-RED has (`isOver`). */
	async #finish(reason: string, isOver = false): Promise<void> {
		const turn = this.#turn;
		if (!turn) return;
		this.phase = 'finishing';
		this.note = reason === 'max' ? 'limitReached' : undefined;
		this.#await(ANSWER_MS);
		this.#events.changed();
		if (reason === 'stop' && !isOver) await turn.finish();
		else turn.end(reason === 'max' || reason === 'start-timeout' ? reason : undefined);
		this.#events.stopped(reason);
		if (turn !== this.#turn) return;
		if (reason === 'start-timeout') this.#fail(new Failure(turn.silent ? 'device-silent' : 'no-speech'));
		else this.#events.changed();
	}

	/** Nobody wants it. */
	#cancel(): void {
		const wasRecording = this.phase === 'recording';
		const { note } = this;
		this.#clear();
		this.#turn?.abandon();
		this.phase = 'idle';
		this.note = note === 'asking' ? note : undefined;
		if (wasRecording) this.#events.stopped('reset');
		this.#events.changed();
	}

	/** Ends everything with a sentence for the user; text that is on its way still comes. */
	#fail(failure: Failure): void {
		const turn = this.#turn;
		const wasRecording = this.phase === 'recording';
		this.#clear();
		turn?.end();
		if (turn) turn.failed = true;
		this.phase = 'idle';
		this.note = undefined;
		this.failure = failure;
		if (wasRecording) this.#events.stopped('error');
		this.#events.failed(failure);
		this.#events.changed();
	}

	#done(note: Note): void {
		if (this.phase !== 'finishing') return;
		this.#clear();
		this.phase = 'idle';
		this.note = note;
		this.#events.changed();
	}

	#ready(): void {
		this.#numbers = 0;
		this.disconnected = undefined;
		// What could not be reached is reached; what became of an utterance stays true.
		if (this.failure === this.#unreachable) this.failure = undefined;
		this.#attach();
		this.#events.changed();
	}

	#attach(): void {
		if (!this.connected) return;
		const earlier = this.#earlier.splice(0);
		for (const { utterance } of earlier) utterance.attach(this.#connection, ++this.#numbers);
		if (earlier.length) clearTimeout(this.#connecting);
		const { utterance } = this.#turn ?? {};
		if (!utterance?.waits) return;
		clearTimeout(this.#connecting);
		this.#connecting = setTimeout(() => this.#connection.renew(), STARTED_MS);
		this.#numbers += 1;
		utterance.attach(this.#connection, this.#numbers);
	}

	#lost(failure: Failure): void {
		const isNew = this.disconnected?.code !== failure.code;
		this.disconnected = failure;
		const { number } = this.#turn?.utterance ?? {};
		if (this.phase !== 'idle') {
			// Without a number nothing is lost yet: the next attempt may come in time.
			if (number !== undefined) this.#fail(isLasting(failure) ? failure : new Failure('connection-lost'));
			else if (isLasting(failure)) this.#fail(failure);
		} else if (isLasting(failure) && isNew) {
			this.#unreachable = failure;
			this.#fail(failure);
		} else this.#events.changed();
	}

	#notConnected(): void {
		for (const turn of [...this.#earlier.splice(0), this.#turn]) turn?.abandon();
		this.#fail(this.disconnected ?? new Failure('not-connected', 'no answer in time'));
	}

	#receive(message: EndpointMessage): void {
		const turn = this.#turn;
		if (message.type === 'transcript') {
			this.#heard(message.transcript, message.stream);
			return;
		}
		if (!turn || message.type === 'ready') return;
		const { utterance } = turn;
		if (message.type === 'closed') {
			if (message.stream === utterance.stream) this.#closed(turn, message.text, message.code);
		} else if (message.type === 'error') {
			const isOurs = message.utterance === undefined || message.utterance === utterance.number;
			if (isOurs && !turn.failed) this.#failedThere(message.code, message.message);
		} else if (message.utterance !== utterance.number) return;
		else if (message.type === 'started') {
			clearTimeout(this.#connecting);
			utterance.stream = message.stream;
		} else this.#stoppedThere(turn, message.ended);
	}

	#heard(transcript: PageTranscript, stream: string): void {
		const turn = this.#turn;
		if (turn && stream === turn.utterance.stream) {
			turn.text.add(transcript);
			if (this.failure?.code === 'no-answer') this.failure = undefined;
			if (this.phase === 'finishing' && transcript.kind !== 'partial') this.#await(SETTLED_MS);
		}
		this.#events.transcript(transcript, stream);
		this.#events.changed();
	}

	#closed(turn: Turn, text: string, code: string | undefined): void {
		if (code) {
			if (!turn.failed) this.#fail(new Failure('recogniser-failed', code));
			return;
		}
		if (this.phase === 'recording') void this.#finish('closed', true);
		if (!turn.text.final && !text.trim() && !turn.failed) this.#fail(new Failure('no-text'));
		else this.#done('done');
	}

	#failedThere(code: string, message: string): void {
		// Only a warning: sound may still come.
		if (code === 'MIC_SILENT') this.#events.changed();
		else this.#fail(new Failure('node-failed', `${code}: ${message}`));
	}

	#stoppedThere(turn: Turn, ended: string): void {
		if (ended === 'reset') this.#cancel();
		else if (this.phase === 'recording') void this.#finish(ended, true);
		else if (!this.#settings().answers && !turn.failed) this.#done('sent');
	}

	/** Waits so long for the text. */
	#await(ms: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			const { answers } = this.#settings();
			if (!answers) this.#done('sent');
			else if (this.#turn?.text.final) this.#done('done');
			else this.#fail(new Failure(this.#turn?.text.hasFinal ? 'no-text' : 'no-answer'));
		}, ms);
	}

	#tell(note: Note): void {
		this.note = note;
		this.#events.changed();
	}

	#clear(): void {
		clearTimeout(this.#timer);
		if (!this.#earlier.length) clearTimeout(this.#connecting);
	}
}
