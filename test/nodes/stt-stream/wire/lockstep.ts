import type { SessionDetails } from '../../../../lib/node/messages.ts';
import type { SttEvent, SttProvider, SttSession } from '../../../../nodes/stt-stream/providers/provider.ts';
import { settled, VirtualClock } from '../engine/virtual-clock.ts';
import type { WireStream } from './stream.ts';

/** Virtual time passes in steps of so much. */
const STEP_MS = 100;
/** How long a step waits, in real time, for a session to open: the first one loads code, on a machine that may be busy. */
const OPENING_MS = 20_000;

export interface LockstepOptions {
	/** How much of a session's audio may be without an answer yet: more than the longest pause in it. Default 300. */
	readonly lagMs?: number;
	/** How long a step waits, in real time, for a recogniser that does not answer. Default 50. */
	readonly patienceMs?: number;
}

/**
 * Virtual time for real adapters and real sockets: it stands still while a session is being opened or drained, and
 * while audio is on its way whose words have not come back. So what is proven does not depend on how busy the machine
 * is. Numbered audio is needed, for each word of it is answered at once.
 */
export class Lockstep {
	readonly clock = new VirtualClock();
	readonly #lagMs: number;
	readonly #patienceMs: number;
	readonly #sessions = new Set<Tap>();
	#opening = 0;
	#wake = (): void => {};

	constructor({ lagMs = 300, patienceMs = 50 }: LockstepOptions = {}) {
		this.#lagMs = lagMs;
		this.#patienceMs = patienceMs;
	}

	/** Sessions that are open now. */
	get open(): number {
		return this.#sessions.size;
	}

	/** The same provider, watched. */
	watch(provider: SttProvider): SttProvider {
		return {
			...provider,
			open: async (options, signal) => {
				this.#opening++;
				try {
					const session = await provider.open(options, signal);
					const tap = new Tap(session, options.sampleRate, (ended) => {
						if (ended) this.#sessions.delete(tap);
						this.#wake();
					});
					this.#sessions.add(tap);
					return tap;
				} finally {
					this.#opening--;
					this.#wake();
				}
			},
		};
	}

	/** Lets virtual time pass. */
	async pass(ms: number): Promise<void> {
		const end = this.clock.now() + ms;
		while (this.clock.now() < end) {
			await this.#arrived();
			await this.clock.pass(Math.min(STEP_MS, end - this.clock.now()));
		}
		await this.#arrived();
	}

	/** As a microphone: chunks of `stepMs`, each when it has been spoken. */
	async speak(stream: WireStream, pcm: Buffer, rate: number, stepMs = STEP_MS): Promise<void> {
		const size = (rate * stepMs) / 500;
		for (let at = 0; at < pcm.length; at += size) {
			await this.pass(stepMs);
			stream.send(pcm.subarray(at, at + size));
		}
	}

	/** No more audio. @returns the details of 'closed' */
	async end(stream: WireStream): Promise<SessionDetails> {
		let isOver = false;
		const closed = stream.end().finally(() => {
			isOver = true;
		});
		while (!isOver) await this.pass(STEP_MS);
		return closed;
	}

	async #arrived(): Promise<void> {
		const begin = performance.now();
		const isBusy = () =>
			this.#opening > 0 || [...this.#sessions].some((session) => session.isBusy(this.#lagMs));
		await settled();
		while (isBusy()) {
			const patienceMs = this.#opening > 0 ? OPENING_MS : this.#patienceMs;
			const left = begin + patienceMs - performance.now();
			if (left <= 0) return;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, left);
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
			await settled();
		}
	}
}

/** A session that tells how far it is. */
class Tap implements SttSession {
	readonly expiresInMs?: number;
	readonly keepAlive?: () => void;
	readonly #session: SttSession;
	readonly #rate: number;
	readonly #changed: (ended: boolean) => void;
	#sentMs = 0;
	#heardMs = 0;
	#isFinishing = false;

	constructor(session: SttSession, rate: number, changed: (ended: boolean) => void) {
		this.#session = session;
		this.#rate = rate;
		this.#changed = changed;
		if (session.expiresInMs !== undefined) this.expiresInMs = session.expiresInMs;
		if (session.keepAlive) this.keepAlive = () => session.keepAlive?.();
	}

	isBusy(lagMs: number): boolean {
		return this.#isFinishing || this.#sentMs - this.#heardMs > lagMs;
	}

	write(pcm: Buffer): boolean {
		this.#sentMs += (pcm.length * 500) / this.#rate;
		return this.#session.write(pcm);
	}

	finish(): Promise<void> {
		this.#isFinishing = true;
		return this.#session.finish();
	}

	abort(reason?: Error): void {
		this.#session.abort(reason);
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<SttEvent, void, void> {
		try {
			for await (const event of this.#session) {
				if ('text' in event) {
					// Not every recogniser has words in its partials.
					const endMs = event.words?.at(-1)?.endMs ?? event.endMs ?? 0;
					this.#heardMs = Math.max(this.#heardMs, endMs);
				}
				this.#changed(false);
				yield event;
			}
		} finally {
			this.#changed(true);
		}
	}
}
