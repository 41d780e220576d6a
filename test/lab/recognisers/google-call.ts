import { randomUUID } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type Answer, answersTo, duration } from './google-answers.ts';
import { readWanted, type StreamingRequest, type Version, type Wanted } from './google-options.ts';
import { type Listener, type TurnEvent, Turns } from './hearing.ts';
import type { ConnectionRecord } from './record.ts';
import type { Link } from './relay.ts';
import { Sayings } from './sayings.ts';
import { type Action, type Behaviour, Cues } from './script.ts';

export type Call = ServerDuplexStream<StreamingRequest, object>;

/** Limits; each default is the vendor's. */
export interface GoogleLimits {
	/** Audio in a session, and how long it may last. Default 305 s in v1, 5 minutes in v2. */
	readonly sessionMs?: number;
	/**
	 * Audio in a message. Default 25 600 bytes in v1, 15 360 in v2: the .proto says so, and nobody tells whether it is
	 * enforced.
	 */
	readonly chunkBytes?: number;
	/** Between two pieces of audio. Default 10 s. */
	readonly idleMs?: number;
	/** Sessions at the same time. Default: any number. */
	readonly sessions?: number;
}

/** How a session is treated, besides its script. */
export interface CallRules {
	readonly limits: GoogleLimits;
	/** A turn ends with so many words, pause or not. */
	readonly turnWords: number;
	/** Whose recognizers there are, in v2. */
	readonly project: string;
}

/** A status of gRPC, and its details. */
export type Refusal = readonly [code: number, details: string];

const OK = 0;
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const ABORTED = 10;
const OUT_OF_RANGE = 11;
const UNAVAILABLE = 14;

// The texts are the service's own, but for NO_CONFIG and UNEXPECTED, which are guesses.
const NO_CONFIG: Refusal = [
	INVALID_ARGUMENT,
	'Malformed request: the first message must have a streaming_config',
];
const UNEXPECTED: Refusal = [
	INVALID_ARGUMENT,
	'Malformed request: only audio may follow the streaming_config',
];
const IDLE: Refusal = [
	OUT_OF_RANGE,
	'Audio Timeout Error: Long duration elapsed without audio. Audio should be sent close to real time.',
];
const NOTHING: Refusal = [ABORTED, 'Stream timed out after receiving no more client requests.'];
const TOO_LONG: Record<Version, Refusal> = {
	v1: [OUT_OF_RANGE, 'Exceeded maximum allowed stream duration of 305 seconds.'],
	v2: [ABORTED, 'Max duration of 5 minutes reached for stream.'],
};
const DEFAULTS = {
	v1: { sessionMs: 305_000, chunkBytes: 25_600 },
	v2: { sessionMs: 300_000, chunkBytes: 15_360 },
};
const RECOGNIZER = /^projects\/([^/]+)\/locations\/[^/]+\/recognizers\/([^/]+)$/;

/** One session: StreamingRecognize as cloud_speech.proto describes it. */
export class GoogleCall {
	readonly record: ConnectionRecord;
	readonly behaviour: Behaviour;
	readonly cues: Cues;
	readonly #version: Version;
	readonly #call: Call;
	readonly #ears: (rate: number) => Listener;
	readonly #rules: CallRules;
	readonly #link: Link | undefined;
	readonly #sayings = new Sayings();
	readonly #requestId = randomUUID();
	#wanted: Wanted | undefined;
	#turns: Turns | undefined;
	#idle: NodeJS.Timeout | undefined;
	#isMute = false;
	#hasSpoken = false;

	constructor(
		version: Version,
		call: Call,
		record: ConnectionRecord,
		behaviour: Behaviour,
		ears: (rate: number) => Listener,
		rules: CallRules,
		link: Link | undefined,
	) {
		this.#version = version;
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

	/** Of the audio received. */
	get audioMs(): number {
		return (this.record.bytes * 500) / (this.#wanted?.rate ?? 16_000);
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
				this.#say({ response: action.message as object });
				break;
			default:
				this.drop();
		}
	}

	get #limits() {
		return { ...DEFAULTS[this.#version], ...this.#rules.limits };
	}

	#receive(request: StreamingRequest): void {
		if (this.record.closed) return;
		const refusal = this.#wanted ? this.#take(request) : this.#begin(request);
		if (refusal) this.fail(...refusal);
	}

	#begin(request: StreamingRequest): Refusal | undefined {
		if (!request.streaming_config) return NO_CONFIG;
		this.record.addControl(request);
		const denied = this.#version === 'v2' ? this.#denied(request.recognizer ?? '') : undefined;
		if (denied) return denied;
		const wanted = readWanted(this.#version, request);
		if (typeof wanted === 'string') return [INVALID_ARGUMENT, wanted];
		this.#wanted = wanted;
		const { turnWords } = this.#rules;
		this.#turns = new Turns(this.#ears(wanted.rate), {
			pauseMs: Number.POSITIVE_INFINITY,
			endMs: wanted.pauseMs,
			maxWords: turnWords,
		});
		if (this.cues.reach('open')) return undefined;
		this.record.begin();
		this.cues.begin();
		this.#sayings.after(this.#limits.sessionMs, () => this.fail(...TOO_LONG[this.#version]));
		return undefined;
	}

	#denied(recognizer: string): Refusal | undefined {
		const [, project] = RECOGNIZER.exec(recognizer) ?? [];
		if (!project) return [INVALID_ARGUMENT, 'Invalid resource field value in the request.'];
		// An API key names no account that could be allowed to do anything.
		const isAccount = this.record.headers.authorization !== undefined;
		if (project === this.#rules.project && isAccount) return undefined;
		return [
			PERMISSION_DENIED,
			`Permission 'speech.recognizers.recognize' denied on resource (or it may not exist).`,
		];
	}

	#take(request: StreamingRequest): Refusal | undefined {
		const pcm = this.#version === 'v1' ? request.audio_content : request.audio;
		if (!pcm) return UNEXPECTED;
		const { chunkBytes, sessionMs } = this.#limits;
		if (pcm.length > chunkBytes)
			return [INVALID_ARGUMENT, `Audio chunk can be of a maximum of ${chunkBytes} bytes`];
		if (pcm.length % 2) return [INVALID_ARGUMENT, 'Audio is cut within a sample'];
		this.#restartIdle();
		this.record.addAudio(pcm);
		if (this.audioMs > sessionMs) return TOO_LONG[this.#version];
		this.#tell(this.#turns?.push(pcm));
		if (!this.record.closed) this.cues.audio(this.audioMs, this.record.bytes);
		return undefined;
	}

	#finish(): void {
		clearTimeout(this.#idle);
		if (this.record.closed) return;
		this.record.finish();
		if (this.cues.reach('finish')) return;
		this.#sayings.after(this.behaviour.finishDelayMs ?? 0, () => {
			this.#tell(this.#turns?.end());
			this.#sayings.add(() => {
				if (this.#hasSpoken) this.#write({ ...this.#billing() });
				this.fail(...(this.#wanted ? ([OK, ''] as const) : NO_CONFIG));
			});
		});
	}

	#tell(events: readonly TurnEvent[] = []): void {
		const wanted = this.#wanted;
		if (!wanted) return;
		for (const event of events)
			for (const answer of answersTo(event, this.#version, wanted, this.#turns?.heardMs ?? 0))
				this.#say(answer);
	}

	#say({ response, isFinal }: Answer): void {
		this.#hasSpoken = true;
		this.#sayings.add(() => this.#write(response), isFinal ? (this.behaviour.finalDelayMs ?? 0) : 0);
	}

	#write(response: object): void {
		const id = this.#version === 'v2' ? { metadata: { request_id: this.#requestId } } : { request_id: 42 };
		if (this.#isMute || this.record.closed) return;
		this.record.addSaid(response);
		this.#call.write({ ...id, ...response });
	}

	/** In the last response. */
	#billing(): object {
		const billed = duration(Math.ceil(this.audioMs / 1000) * 1000);
		if (this.#version === 'v1') return { total_billed_time: billed };
		return { metadata: { request_id: this.#requestId, total_billed_duration: billed } };
	}

	/** Audio came from the client. */
	#restartIdle(): void {
		clearTimeout(this.#idle);
		if (this.record.closed) return;
		const isSilent = this.#version === 'v2' && this.record.bytes === 0;
		this.#idle = setTimeout(
			() => this.fail(...(isSilent && this.record.bytes === 0 ? NOTHING : IDLE)),
			this.#limits.idleMs ?? 10_000,
		);
	}

	#stop(): void {
		clearTimeout(this.#idle);
		this.cues.stop();
		this.#sayings.stop();
	}
}
