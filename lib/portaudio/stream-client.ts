import { framesToMs, type PcmFormat } from '../audio/format.ts';
import type { VoiceError } from '../node/errors.ts';
import { textOf } from '../node/rules.ts';
import { stalled } from './errors.ts';
import type { Child, StreamEnd } from './pool.ts';
import type { Direction, FailedEvent, OpenReply, StreamPayload } from './protocol.ts';
import { Watchdog } from './watchdog.ts';

/** Is it a number of bytes? */
export const isCount = (value: unknown): value is number =>
	Number.isSafeInteger(value) && (value as number) >= 0;

/** What the client's ends of microphones and loudspeakers have in common: they open, and they may be lost. */
export abstract class StreamClient implements StreamEnd {
	readonly device: string;
	protected readonly stream: number;
	protected readonly watchdog: Watchdog;
	readonly #direction: Direction;
	readonly #child: Child;
	#format: PcmFormat | undefined;
	#framesPerBuffer = 0;
	/** What happened before the opener could have this object in hand. */
	#early: (() => void)[] | undefined = [];
	#isOver = false;
	#failure: VoiceError | undefined;

	/** @param isIdle while it holds, nothing is expected to happen */
	constructor(direction: Direction, device: string, stream: number, child: Child, isIdle: () => boolean) {
		this.#direction = direction;
		this.device = device;
		this.stream = stream;
		this.#child = child;
		this.watchdog = new Watchdog(
			() => child.isOpening || isIdle(),
			() => this.lose('no longer moves any sound'),
		);
		child.attach(stream, this);
	}

	/** What the device agreed to. */
	get format(): PcmFormat {
		if (!this.#format) throw new Error('not open');
		return this.#format;
	}

	/** Milliseconds of one of PortAudio's buffers. */
	protected get bufferMs(): number {
		return framesToMs(this.#framesPerBuffer, this.format);
	}

	/** Closed, or lost. */
	protected get isOver(): boolean {
		return this.#isOver;
	}

	/** Why it was lost. */
	protected get failure(): VoiceError | undefined {
		return this.#failure;
	}

	/** The child has opened it. Events flow from the next turn of the event loop on. */
	opened({ format, framesPerBuffer }: OpenReply, allowanceMs: number): void {
		this.#format = format;
		this.#framesPerBuffer = framesPerBuffer;
		this.watchdog.feed(allowanceMs);
		setImmediate(() => {
			const early = this.#early ?? [];
			this.#early = undefined;
			for (const act of early) act();
		});
	}

	receive(event: string, payload: StreamPayload): void {
		this.#later(() => {
			if (this.#isOver) return;
			if (event === 'failed') this.lose(`failed (${textOf((payload as FailedEvent).reason)})`);
			else this.guarded(() => this.handle(event, payload));
		});
	}

	childLost(error: VoiceError): void {
		this.#fail(error);
	}

	/** Gives the stream up: the child cannot be trusted to free the device, so it ends with its other streams. */
	lose(what: string): void {
		if (this.#isOver) return;
		this.#child.notify('close', { stream: this.stream });
		this.#child.retire();
		this.#fail(stalled(this.#direction, this.device, what));
	}

	/** Over without a report: it was closed, or never opened. */
	over(): void {
		this.#isOver = true;
		this.watchdog.stop();
		this.#child.detach(this.stream);
	}

	/** An event of this stream from the child. */
	protected abstract handle(event: string, payload: StreamPayload): void;

	/** Tells the opener that the stream is lost. Called once, unless it was closed before. */
	protected abstract reportLost(error: VoiceError): void;

	/** Calls the opener's code, whose errors must not end Node-RED. */
	protected guarded(call: () => void): void {
		try {
			call();
		} catch (thrown) {
			this.lose(`has a user that fails (${String(thrown)})`);
		}
	}

	protected request(op: string, timeoutMs: number): Promise<unknown> {
		return this.#child.request(op, { stream: this.stream }, timeoutMs);
	}

	protected notify(op: string, payload: StreamPayload): void {
		this.#child.notify(op, payload);
	}

	/** Asks the child to let the device go; one that does not answer gets no more streams. */
	protected async closeInChild(timeoutMs: number): Promise<void> {
		try {
			await this.request('close', timeoutMs);
		} catch {
			this.#child.retire();
		}
		this.over();
	}

	#fail(error: VoiceError): void {
		if (this.#isOver) return;
		this.#failure = error;
		this.over();
		// A stream that is still being opened fails by the answer to that.
		if (this.#format) this.#later(() => this.guarded(() => this.reportLost(error)));
	}

	#later(act: () => void): void {
		if (this.#early) this.#early.push(act);
		else act();
	}
}
