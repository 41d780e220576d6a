import { randomUUID } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type Listener, type TurnEvent, Turns } from './hearing.ts';
import type { ConnectionRecord } from './record.ts';
import type { Link } from './relay.ts';
import { Sayings } from './sayings.ts';
import { type Action, type Behaviour, Cues } from './script.ts';
import { type Answer, answersTo, type Cursors, EMPTY_PARTIAL, statusAnswer } from './yandex-answers.ts';
import { isNormalizing, pauseMs, problemWith, type StreamingOptions } from './yandex-options.ts';

/** `StreamingRequest` as proto-loader reads it. */
export interface StreamingRequest {
	readonly Event?: string;
	readonly session_options?: StreamingOptions;
	readonly chunk?: { readonly data: Buffer };
	readonly silence_chunk?: { readonly duration_ms: number };
	readonly eou?: object;
}

export type Call = ServerDuplexStream<StreamingRequest, object>;

/** Limits; each default is the vendor's, but for those that are not enforced unless a test says so. */
export interface YandexLimits {
	/** Audio in a session, and how long it may last. Default 5 minutes. */
	readonly sessionMs?: number;
	/** Audio in a session. Default 10 MB. */
	readonly bytes?: number;
	/** Between two messages of the client. Default 5 s. */
	readonly idleMs?: number;
	/**
	 * How many times faster than real time audio may come before it earns a WARNING. What the vendor takes amiss is not
	 * documented. Default: not enforced, so that tests are quick.
	 */
	readonly pace?: number;
	/** … by how much it may be ahead. Default 2000. */
	readonly paceSlackMs?: number;
	/** Sessions at the same time. Default: any number. */
	readonly sessions?: number;
}

/** How a session is treated, besides its script. */
export interface CallRules {
	readonly limits: YandexLimits;
	/** A turn ends with so many words, pause or not. */
	readonly turnWords: number;
	/** When it first says something: on the options, or only on the first audio. */
	readonly greets: 'options' | 'audio';
	/** A refinement comes so much later than its final. */
	readonly refinementDelayMs: number;
	/** A sign of life comes so often. */
	readonly statusEveryMs: number;
	/** The time by which the pace is judged, in milliseconds from any origin. */
	now(): number;
}

/** A status of gRPC, and its details. */
export type Refusal = readonly [code: number, details: string];

const OK = 0;
const INVALID_ARGUMENT = 3;
const ABORTED = 10;
const OUT_OF_RANGE = 11;
const UNAVAILABLE = 14;

const NO_OPTIONS: Refusal = [INVALID_ARGUMENT, 'First message should be session options'];
const TOO_LONG: Refusal = [OUT_OF_RANGE, 'Exceeded maximum allowed stream duration'];
// The text of this is not documented, and neither is anything of a session in which nothing happens.
const TOO_MUCH: Refusal = [OUT_OF_RANGE, 'Exceeded maximum allowed audio size'];
const IDLE: Refusal = [ABORTED, 'No audio was received in time'];

/** One session: RecognizeStreaming as stt.proto and the vendor's page "Streaming recognition" describe it. */
export class YandexCall {
	readonly record: ConnectionRecord;
	readonly behaviour: Behaviour;
	readonly cues: Cues;
	readonly #call: Call;
	readonly #ears: (rate: number) => Listener;
	readonly #rules: CallRules;
	readonly #link: Link | undefined;
	readonly #sayings = new Sayings();
	readonly #uuid = randomUUID();
	#options: StreamingOptions | undefined;
	#turns: Turns | undefined;
	#rate = 16_000;
	#begunAt = 0;
	#silenceMs = 0;
	#idle: NodeJS.Timeout | undefined;
	#isMute = false;
	#hasGreeted = false;
	#hasWarned = false;
	#cursors: Cursors = { final_index: 0, final_time_ms: 0, eou_time_ms: 0 };
	#finals = 0;

	constructor(
		call: Call,
		record: ConnectionRecord,
		behaviour: Behaviour,
		ears: (rate: number) => Listener,
		rules: CallRules,
		link: Link | undefined,
	) {
		this.#call = call;
		this.record = record;
		this.behaviour = behaviour;
		this.#ears = ears;
		this.#rules = rules;
		this.#link = link;
		this.cues = new Cues(behaviour.cues ?? [], (action) => this.act(action));
		call.on('error', () => {});
		call.once('cancelled', () => {
			record.end({ by: 'client', code: 1, reason: 'cancelled' });
			this.#stop();
		});
	}

	/** Begins, unless there is an `objection`. */
	serve(objection?: Refusal): void {
		if (objection) this.fail(...objection);
		this.#sayings.after(this.behaviour.beginDelayMs ?? 0, () => {
			this.#call.on('data', (request: StreamingRequest) => this.#receive(request));
			// A cancelled call ends, too, and is known to be cancelled only then.
			this.#call.once('end', () => setImmediate(() => this.#finish()));
			this.#restartIdle();
		});
	}

	/** Of the audio received, silent chunks included. */
	get audioMs(): number {
		return (this.record.bytes * 500) / this.#rate + this.#silenceMs;
	}

	/** Ends with a status, and says nothing of what was still to be said. */
	fail(code: number, details: string): void {
		if (this.record.closed) return;
		this.record.end({ by: 'recogniser', code, reason: details });
		this.#stop();
		if (code === OK) this.#call.end();
		else this.#call.emit('error', { code, details });
	}

	/** The connection is gone without a word. */
	drop(): void {
		this.record.end({ by: 'recogniser', code: UNAVAILABLE, reason: 'dropped' });
		this.#stop();
		this.#link?.drop();
	}

	/** After 'stall' or 'mute'. */
	resume(): void {
		this.#isMute = false;
		this.#link?.resume();
	}

	act(action: Action): void {
		switch (action.do) {
			case 'close':
				this.fail(action.code, action.error ?? action.reason ?? '');
				break;
			case 'stall':
				this.#link?.stall();
				if (action.forMs) this.#sayings.after(action.forMs, () => this.resume());
				break;
			case 'mute':
				this.#isMute = true;
				break;
			case 'send':
				this.#say({ event: action.message as object });
				break;
			default:
				this.drop();
		}
	}

	#receive(request: StreamingRequest): void {
		if (this.record.closed) return;
		this.#restartIdle();
		const refusal = this.#options ? this.#take(request) : this.#begin(request);
		if (refusal) this.fail(...refusal);
	}

	#begin({ session_options: options }: StreamingRequest): Refusal | undefined {
		if (!options) return NO_OPTIONS;
		this.record.addControl(options);
		const problem = problemWith(options);
		if (problem) return [INVALID_ARGUMENT, problem];
		this.#options = options;
		this.#rate = options.recognition_model?.audio_format?.raw_audio?.sample_rate_hertz ?? this.#rate;
		const { turnWords, limits, greets } = this.#rules;
		this.#turns = new Turns(this.#ears(this.#rate), {
			pauseMs: Number.POSITIVE_INFINITY,
			endMs: pauseMs(options),
			maxWords: turnWords,
		});
		if (this.cues.reach('open')) return undefined;
		this.record.begin();
		this.#begunAt = this.#rules.now();
		this.cues.begin();
		this.#sayings.after(limits.sessionMs ?? 300_000, () => this.fail(...TOO_LONG));
		if (greets === 'options') this.#greet();
		return undefined;
	}

	#take(request: StreamingRequest): Refusal | undefined {
		if (request.chunk) return this.#hear(request.chunk.data);
		this.record.addControl(request);
		if (request.silence_chunk) this.#hearSilence(request.silence_chunk.duration_ms);
		else if (request.eou) this.#tell(this.#turns?.end());
		else return [INVALID_ARGUMENT, `Unexpected message: ${request.Event}`];
		return undefined;
	}

	#hear(pcm: Buffer): Refusal | undefined {
		if (pcm.length % 2) return [INVALID_ARGUMENT, 'Audio is cut within a sample'];
		this.record.addAudio(pcm);
		this.#greet();
		const { bytes = 10_000_000, sessionMs = 300_000, pace, paceSlackMs = 2000 } = this.#rules.limits;
		if (this.audioMs > sessionMs) return TOO_LONG;
		if (this.record.bytes > bytes) return TOO_MUCH;
		const elapsed = this.#rules.now() - this.#begunAt;
		if (pace !== undefined && !this.#hasWarned && this.audioMs > elapsed * pace + paceSlackMs) {
			this.#hasWarned = true;
			this.#say(statusAnswer('WARNING', 'Audio is sent faster than real time'));
		}
		this.#tell(this.#turns?.push(pcm));
		if (!this.record.closed) this.cues.audio(this.audioMs, this.record.bytes);
		return undefined;
	}

	#hearSilence(ms: number): void {
		this.#silenceMs += ms;
		this.#tell(this.#turns?.push(Buffer.alloc(Math.round((ms * this.#rate) / 1000) * 2)));
	}

	#finish(): void {
		clearTimeout(this.#idle);
		if (this.record.closed) return;
		this.record.finish();
		if (this.cues.reach('finish')) return;
		this.#sayings.after(this.behaviour.finishDelayMs ?? 0, () => {
			this.#tell(this.#turns?.end());
			this.#sayings.add(() => this.fail(...(this.#options ? ([OK, ''] as const) : NO_OPTIONS)));
		});
	}

	/** The first words of a session, and the signs of life. */
	#greet(): void {
		if (this.#hasGreeted) return;
		this.#hasGreeted = true;
		const status = () => {
			this.#say(statusAnswer('WORKING'));
			this.#sayings.after(this.#rules.statusEveryMs, status);
		};
		status();
		this.#say(EMPTY_PARTIAL);
	}

	#tell(events: readonly TurnEvent[] = []): void {
		const normalizes = this.#options !== undefined && isNormalizing(this.#options);
		for (const event of events) {
			const index = event.type === 'end' ? this.#finals++ : this.#finals;
			for (const answer of answersTo(event, index, normalizes)) this.#say(answer);
		}
	}

	#say({ event, after, cursors }: Answer): void {
		const delays = { final: this.behaviour.finalDelayMs ?? 0, refinement: this.#rules.refinementDelayMs };
		this.#sayings.add(
			() => {
				this.#cursors = { ...this.#cursors, ...cursors };
				if (this.#isMute || this.record.closed) return;
				this.record.addSaid(event);
				this.#call.write({ ...this.#envelope(), ...event });
			},
			after ? delays[after] : 0,
		);
	}

	#envelope(): object {
		const ms = Math.round(this.audioMs);
		return {
			session_uuid: {
				uuid: this.#uuid,
				user_request_id: String(this.record.headers['x-client-request-id'] ?? ''),
			},
			audio_cursors: { received_data_ms: ms, partial_time_ms: ms, ...this.#cursors },
			response_wall_time_ms: Math.round(performance.now() - this.record.at),
		};
	}

	/** Something came from the client. */
	#restartIdle(): void {
		clearTimeout(this.#idle);
		if (this.record.closed) return;
		this.#idle = setTimeout(() => this.fail(...IDLE), this.#rules.limits.idleMs ?? 5000);
	}

	#stop(): void {
		clearTimeout(this.#idle);
		this.cues.stop();
		this.#sayings.stop();
	}
}
