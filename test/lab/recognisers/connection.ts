import type { WebSocket } from 'ws';
import type { ConnectionRecord } from './record.ts';
import { Sayings } from './sayings.ts';
import { type Action, type Behaviour, Cues } from './script.ts';

/** The longest reason that fits into a close frame (RFC 6455). */
const REASON_MAX = 123;

/** What a protocol makes of a connection. */
export interface Protocol {
	/** The session may begin. */
	begin(): void;
	text(text: string): void;
	binary(data: Buffer): void;
	/** An error message, if the protocol has one for this close. */
	errorMessage(code: number, error: string): object;
	stop(): void;
}

/** One WebSocket, from the recogniser's side: says things in order and with delays, and misbehaves on cue. */
export class Connection {
	readonly record: ConnectionRecord;
	readonly behaviour: Behaviour;
	readonly cues: Cues;
	readonly #socket: WebSocket;
	readonly #rate: number;
	readonly #sayings = new Sayings();
	#mute = false;
	#protocol: Protocol | undefined;

	constructor(socket: WebSocket, record: ConnectionRecord, behaviour: Behaviour, rate: number) {
		this.#socket = socket;
		this.record = record;
		this.behaviour = behaviour;
		this.#rate = rate;
		this.cues = new Cues(behaviour.cues ?? [], (action) => this.act(action));
		socket.on('error', () => {});
		socket.once('close', (code, reason) => {
			record.end({ by: 'client', code, reason: String(reason) });
			this.#stop();
		});
	}

	/** Gives the connection its protocol and begins, unless there is an `objection`. */
	serve(protocol: Protocol, objection?: readonly [code: number, error: string]): void {
		this.#protocol = protocol;
		this.#socket.on('message', (data, isBinary) => {
			if (this.record.closed) return;
			if (isBinary) protocol.binary(data as Buffer);
			else protocol.text(String(data));
		});
		this.after(this.behaviour.beginDelayMs ?? 0, () => {
			if (objection) this.fail(...objection);
			else if (!this.cues.reach('open')) {
				this.record.begin();
				protocol.begin();
				this.cues.begin();
			}
		});
	}

	/** Records audio (mono s16le), has it answered, and runs the cues whose moment has come. */
	audio(pcm: Buffer, answer: () => void): void {
		this.record.addAudio(pcm);
		answer();
		if (!this.record.closed) this.cues.audio(this.audioMs, this.record.bytes);
	}

	get audioMs(): number {
		return (this.record.bytes * 500) / this.#rate;
	}

	/** Since the session began. */
	get elapsedMs(): number {
		return performance.now() - (this.record.begunAt ?? performance.now());
	}

	/** Says something after everything that was said before, and after `delayMs`. */
	say(message: object, delayMs = 0): void {
		this.#sayings.add(() => {
			this.record.addSaid(message);
			this.#send(JSON.stringify(message));
		}, delayMs);
	}

	/** Closes after everything that was said before. */
	close(code: number, reason = ''): void {
		this.#sayings.add(() => this.closeNow(code, reason));
	}

	/** Sends an error message and closes with its code. */
	fail(code: number, error: string): void {
		const message = this.#protocol?.errorMessage(code, error);
		if (message) this.#send(JSON.stringify(message));
		const fits = Buffer.byteLength(error) <= REASON_MAX;
		this.closeNow(code, fits ? error : 'See Error message for details');
	}

	closeNow(code: number, reason = ''): void {
		this.record.end({ by: 'recogniser', code, reason });
		this.#socket.close(code, reason);
		this.#stop();
	}

	/** The connection is gone without a word. */
	drop(): void {
		this.record.end({ by: 'recogniser', code: 1006, reason: '' });
		this.#socket.terminate();
	}

	/** Reads on after 'stall'. */
	resume(): void {
		this.#mute = false;
		this.#socket.resume();
	}

	act(action: Action): void {
		switch (action.do) {
			case 'drop':
				this.drop();
				break;
			case 'close':
				if (action.error !== undefined) this.#sendError(action.code, action.error);
				this.closeNow(action.code, action.reason);
				break;
			case 'stall':
				// What it has said already still arrives, as it would: only then can it go on as if nothing had been.
				this.#mute = action.forMs === undefined;
				this.#socket.pause();
				if (action.forMs) this.after(action.forMs, () => this.resume());
				break;
			case 'mute':
				this.#mute = true;
				break;
			case 'send': {
				const { message } = action;
				const isRaw = typeof message === 'string' || Buffer.isBuffer(message);
				this.#sayings.add(() => this.#send(isRaw ? message : JSON.stringify(message)));
				break;
			}
			case 'half':
				this.#socket.send(action.message, { fin: false }, () => this.drop());
				break;
		}
	}

	/** Acts then, unless the connection has ended. The timer may be cleared. */
	after(ms: number, act: () => void): NodeJS.Timeout | undefined {
		return this.#sayings.after(ms, () => {
			if (!this.record.closed) act();
		});
	}

	#sendError(code: number, error: string): void {
		const message = this.#protocol?.errorMessage(code, error);
		if (message) this.#send(JSON.stringify(message));
	}

	#send(data: string | Buffer): void {
		if (!this.#mute && !this.record.closed) this.#socket.send(data);
	}

	#stop(): void {
		this.#sayings.stop();
		this.cues.stop();
		this.#protocol?.stop();
	}
}
