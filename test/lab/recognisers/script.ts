// How a loopback recogniser misbehaves, and when. Shared by all of them; what a close looks like on the wire is each
// protocol's own affair.

/** A moment in a session; the first time that it is reached counts. */
export type Moment =
	/** The session received so much audio. */
	| { readonly audioMs: number }
	| { readonly bytes: number }
	/** So long after the session began. */
	| { readonly openMs: number }
	/** In place of the message that the session has begun. */
	| 'open'
	/** In place of an answer to the end marker. */
	| 'finish';

export type Action =
	/** The connection is gone without a word. */
	| { readonly do: 'drop' }
	/** `error` goes first, as an error message. */
	| { readonly do: 'close'; readonly code: number; readonly reason?: string; readonly error?: string }
	/** Reads nothing more and says nothing more; for so long, if that is given. */
	| { readonly do: 'stall'; readonly forMs?: number }
	/** Reads on, but says nothing more. */
	| { readonly do: 'mute' }
	/** A message that the protocol knows or not; objects go as JSON. */
	| { readonly do: 'send'; readonly message: object | string | Buffer }
	/** The beginning of a message, and the connection is gone. */
	| { readonly do: 'half'; readonly message: string };

export type Cue = { readonly at: Moment } & Action;

/** How one connection is treated. */
export interface Behaviour {
	/** Before the connection is accepted. */
	readonly acceptDelayMs?: number;
	/** Between the connection and the session's beginning. */
	readonly beginDelayMs?: number;
	/** Every final comes so much later. */
	readonly finalDelayMs?: number;
	/** The answer to the end marker comes so much later, finals included. */
	readonly finishDelayMs?: number;
	/** Is not accepted: the answer is this HTTP response. */
	readonly refuse?: { readonly status: number; readonly body?: string };
	readonly cues?: readonly Cue[];
}

/** For connection number `index` (from 0): the same for all, one after another (the last for the rest), or a rule. */
export type Script = Behaviour | readonly Behaviour[] | ((index: number) => Behaviour);

export function behaviourOf(script: Script, index: number): Behaviour {
	if (typeof script === 'function') return script(index);
	if (!Array.isArray(script)) return script as Behaviour;
	const all = script as readonly Behaviour[];
	return all[Math.min(index, all.length - 1)] ?? {};
}

/** Calls `act` for each cue when its moment comes. */
export class Cues {
	readonly #act: (action: Action) => void;
	readonly #timers: NodeJS.Timeout[] = [];
	#waiting: Cue[];

	constructor(cues: readonly Cue[], act: (action: Action) => void) {
		this.#waiting = [...cues];
		this.#act = act;
	}

	/** Whether there was a cue for it. */
	reach(moment: 'open' | 'finish'): boolean {
		return this.#run((at) => at === moment);
	}

	/** The session has begun. */
	begin(): void {
		for (const cue of this.#waiting)
			if (typeof cue.at === 'object' && 'openMs' in cue.at)
				this.#timers.push(setTimeout(() => this.#run((at) => at === cue.at), cue.at.openMs));
	}

	audio(ms: number, bytes: number): void {
		this.#run(
			(at) =>
				typeof at === 'object' &&
				(('audioMs' in at && at.audioMs <= ms) || ('bytes' in at && at.bytes <= bytes)),
		);
	}

	stop(): void {
		this.#waiting = [];
		for (const timer of this.#timers) clearTimeout(timer);
	}

	#run(isNow: (moment: Moment) => boolean): boolean {
		const now = this.#waiting.filter(({ at }) => isNow(at));
		this.#waiting = this.#waiting.filter((cue) => !now.includes(cue));
		for (const cue of now) this.#act(cue);
		return now.length > 0;
	}
}
