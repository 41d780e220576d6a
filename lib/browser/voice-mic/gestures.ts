export interface GestureEvents {
	/** Click: on or off. */
	toggle(): void;
	/** Hold: begins, ends. */
	press(): void;
	release(): void;
}

/** Turns what fingers, mice and keys do with the button into what is meant. */
export class Gestures {
	readonly #button: HTMLButtonElement;
	readonly #mode: () => 'click' | 'hold';
	readonly #events: GestureEvents;
	/** What holds the button down: a pointer's id, or a key. */
	#holder: number | string | undefined;

	constructor(button: HTMLButtonElement, mode: () => 'click' | 'hold', events: GestureEvents) {
		this.#button = button;
		this.#mode = mode;
		this.#events = events;
		button.addEventListener('click', (event) => this.#click(event));
		button.addEventListener('pointerdown', (event) => this.#pointerDown(event));
		for (const type of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
			button.addEventListener(type, (event) => this.#letGo(event.pointerId));
		button.addEventListener('keydown', (event) => this.#keyDown(event));
		button.addEventListener('keyup', (event) => this.#keyUp(event));
		button.addEventListener('blur', () => this.reset());
		// A long touch opens a menu, begins a drag or selects text.
		for (const type of ['contextmenu', 'dragstart', 'selectstart'])
			button.addEventListener(type, (event) => event.preventDefault());
		// Safari shows its magnifier all the same, unless this is cancelled; in click mode it would cancel the click, too.
		button.addEventListener('touchstart', (event) => this.#isHold && event.preventDefault(), {
			passive: false,
		});
	}

	/** Nothing holds the button any more: it is disabled, or the page is left. */
	reset(): void {
		if (this.#holder !== undefined) this.#letGo(this.#holder);
	}

	get #isHold(): boolean {
		return this.#mode() === 'hold';
	}

	#click(event: MouseEvent): void {
		if (!this.#isHold) this.#events.toggle();
		// Nobody has pressed or touched anything: a screen reader, or speech control, which cannot hold.
		else if (event.detail === 0) this.#events.toggle();
	}

	#pointerDown(event: PointerEvent): void {
		if (!this.#isHold || event.button !== 0 || !event.isPrimary || this.#holder !== undefined) return;
		// The finger may slip off the button.
		this.#button.setPointerCapture(event.pointerId);
		this.#holder = event.pointerId;
		this.#button.focus({ preventScroll: true });
		this.#events.press();
	}

	#keyDown(event: KeyboardEvent): void {
		if (!this.#isHold || (event.key !== ' ' && event.key !== 'Enter')) return;
		// Else the key is a click as well.
		event.preventDefault();
		if (event.repeat || this.#holder !== undefined) return;
		this.#holder = event.key;
		this.#events.press();
	}

	#keyUp(event: KeyboardEvent): void {
		if (!this.#isHold || (event.key !== ' ' && event.key !== 'Enter')) return;
		event.preventDefault();
		this.#letGo(event.key);
	}

	#letGo(holder: number | string): void {
		if (this.#holder !== holder) return;
		this.#holder = undefined;
		this.#events.release();
	}
}
