import { type Clock, systemClock } from '../../lib/node/clock.ts';

/** All in milliseconds; 0 turns the thing off. */
export interface GestureSettings {
	/** A line must keep its new level for this long before it counts. */
	debounceMs: number;
	/** A second press within this time of a click's end makes a double-click; a lone click is told this late. */
	doubleClickMs: number;
	longPressMs: number;
	/** A press is released by force after this time. */
	maxHoldMs: number;
}

export type Gesture = 'click' | 'double-click' | 'long-press';

/** `heldMs`: from press to release, or how long the button was held when a long press was told. */
export type ButtonEvent =
	| { event: 'press' }
	| { event: 'release'; heldMs: number }
	| { event: Gesture; heldMs: number };

type Timer = 'settle' | 'hold' | 'long' | 'click';

/**
 * A push button's state machine: levels of a line and commands go in, presses, releases and gestures come out.
 * Every press is followed by exactly one release. A line's level that did not change is no event, and neither is
 * a button that is held while the line opens. Of line and commands, whichever came last counts.
 */
export class Gestures {
	readonly #settings: GestureSettings;
	readonly #emit: (event: ButtonEvent) => void;
	readonly #clock: Clock;
	readonly #timers = new Map<Timer, () => void>();
	/** The line's last settled level; undefined until known. */
	#active: boolean | undefined;
	#pressedAt: number | undefined;
	/** How long the click was held that waits to become a double-click or to be told. */
	#click: number | undefined;
	#longTold = false;
	#closed = false;

	constructor(settings: GestureSettings, emit: (event: ButtonEvent) => void, clock: Clock = systemClock) {
		this.#settings = settings;
		this.#emit = emit;
		this.#clock = clock;
	}

	get pressed(): boolean {
		return this.#pressedAt !== undefined;
	}

	/**
	 * The line was opened. Its level, if known, is where it starts from, not an event; if not known, the first
	 * edge tells: the line had the other level before.
	 */
	lineOpened(active: boolean | undefined): void {
		this.#cancel('settle');
		this.#active = active;
	}

	/** The line has this level now (`true`: the button is down). Any bounce may be passed in. */
	lineLevel(active: boolean): void {
		this.#active ??= !active;
		this.#cancel('settle');
		if (active === this.#active) return;
		this.#start('settle', this.#settings.debounceMs, () => {
			this.#active = active;
			if (active) this.press();
			else this.release();
		});
	}

	/** The line is gone: forgets its level and releases by force. */
	lineLost(): void {
		this.#cancel('settle');
		this.#active = undefined;
		this.forceRelease();
	}

	press(): void {
		if (this.pressed || this.#closed) return;
		this.#cancel('click');
		this.#pressedAt = this.#clock.now();
		this.#longTold = false;
		const { longPressMs, maxHoldMs } = this.#settings;
		if (longPressMs > 0) this.#start('long', longPressMs, () => this.#tellLong(longPressMs));
		if (maxHoldMs > 0) this.#start('hold', maxHoldMs, () => this.forceRelease());
		this.#emit({ event: 'press' });
	}

	release(): void {
		const heldMs = this.#endPress();
		if (heldMs === undefined) return;
		const { longPressMs, doubleClickMs } = this.#settings;
		// A blocked event loop may bring the release before the timer that was due first.
		if (longPressMs > 0 && heldMs >= longPressMs) this.#tellLong(heldMs);
		else if (this.#click !== undefined) this.#tellClick('double-click', heldMs);
		else {
			this.#click = heldMs;
			this.#start('click', doubleClickMs, () => this.#tellClick('click', heldMs));
		}
	}

	toggle(): void {
		if (this.pressed) this.release();
		else this.press();
	}

	/** Releases the button if it is pressed, whatever the line says, and forgets any gesture under way. */
	forceRelease(): void {
		this.#cancel('click');
		this.#click = undefined;
		this.#endPress();
	}

	/** Forced release, and nothing happens any more. */
	close(): void {
		this.#closed = true;
		this.#cancel('settle');
		this.forceRelease();
	}

	/** Ends the press that is under way; returns how long it was held. */
	#endPress(): number | undefined {
		if (this.#pressedAt === undefined) return undefined;
		const heldMs = Math.round(this.#clock.now() - this.#pressedAt);
		this.#pressedAt = undefined;
		this.#cancel('hold');
		this.#cancel('long');
		this.#emit({ event: 'release', heldMs });
		return heldMs;
	}

	#tellLong(heldMs: number): void {
		if (this.#longTold) return;
		this.#longTold = true;
		// The click before it has no second one to wait for any more.
		if (this.#click !== undefined) this.#tellClick('click', this.#click);
		this.#emit({ event: 'long-press', heldMs });
	}

	#tellClick(event: 'click' | 'double-click', heldMs: number): void {
		this.#click = undefined;
		this.#emit({ event, heldMs });
	}

	#start(timer: Timer, ms: number, run: () => void): void {
		if (ms <= 0) {
			run();
			return;
		}
		const cancel = this.#clock.after(ms, () => {
			this.#timers.delete(timer);
			run();
		});
		this.#timers.set(timer, cancel);
	}

	#cancel(timer: Timer): void {
		this.#timers.get(timer)?.();
		this.#timers.delete(timer);
	}
}
