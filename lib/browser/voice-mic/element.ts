import type { PageTranscript } from '../protocol.ts';
import type { Failure } from './failure.ts';
import { Gestures } from './gestures.ts';
import { readNumber, type TalkSettings } from './settings.ts';
import { sightOf } from './sight.ts';
import { Talk } from './talk.ts';
import { addLanguage, patched, type Texts, type TextsPatch, textsFor } from './texts/texts.ts';
import { View } from './view.ts';
import { failureText } from './words.ts';

/** Where this module came from: the node's own address, unless the element says another. */
const HOME = new URL('.', import.meta.url);

const MAX_SECONDS = 20;
const BEGIN_SECONDS = 10;

/**
 * `<voice-mic>`: the microphone of a page for a Node-RED flow. Attributes, events, parts and custom properties:
 * docs/voice-mic.md.
 */
export class VoiceMic extends HTMLElement {
	static readonly observedAttributes = [
		'path',
		'mode',
		'lang',
		'max-seconds',
		'begin-seconds',
		'disabled',
		'no-transcript',
	];
	/** Adds a language, or changes one, for all microphones of the page. */
	static readonly addLanguage = addLanguage;

	readonly #view: View;
	readonly #gestures: Gestures;
	#talk: Talk | undefined;
	#patch: TextsPatch = {};

	constructor() {
		super();
		this.#view = new View(this.attachShadow({ mode: 'open' }));
		this.#gestures = new Gestures(this.#view.button, () => this.mode, {
			toggle: () => (this.#isActive ? this.stop() : this.start()),
			press: () => this.start(),
			release: () => this.#talk?.release(),
		});
	}

	/** Is it recording? */
	get recording(): boolean {
		return this.#talk?.phase === 'recording';
	}

	/** What the recogniser settled of the last utterance. */
	get transcript(): string {
		return this.#talk?.text.final ?? '';
	}

	get mode(): 'click' | 'hold' {
		return this.getAttribute('mode') === 'hold' ? 'hold' : 'click';
	}

	set mode(mode: 'click' | 'hold') {
		this.setAttribute('mode', mode);
	}

	get disabled(): boolean {
		return this.hasAttribute('disabled');
	}

	set disabled(disabled: boolean) {
		this.toggleAttribute('disabled', disabled);
	}

	/** Words that this microphone says differently. */
	set texts(patch: TextsPatch) {
		this.#patch = patch;
		this.#render();
	}

	get texts(): Texts {
		const page = this.parentElement?.closest('[lang]')?.getAttribute('lang') ?? document.documentElement.lang;
		return patched(textsFor(this.getAttribute('lang'), page), this.#patch);
	}

	/** Records, as a click does. Call it from a click or a key: browsers open no microphone without. */
	start(): void {
		if (!this.disabled) this.#talk?.start();
	}

	/** Everything is said. */
	stop(): void {
		this.#talk?.stop();
	}

	override focus(options?: FocusOptions): void {
		this.#view.button.focus(options);
	}

	connectedCallback(): void {
		this.#takeEarly();
		if (!this.#talk) this.#connect();
		this.#render();
	}

	disconnectedCallback(): void {
		// Frameworks take elements out only to put them elsewhere.
		queueMicrotask(() => {
			if (!this.isConnected) this.#disconnect();
		});
	}

	attributeChangedCallback(name: string, before: string | null, after: string | null): void {
		if (before === after) return;
		if (name === 'path' && this.#talk) {
			this.#disconnect();
			this.#connect();
		}
		if (name === 'disabled' && this.disabled) this.stop();
		if (name === 'disabled' || name === 'mode') this.#gestures.reset();
		this.#render();
	}

	/** What a script set before this module was there lies in front of the class's own properties. */
	#takeEarly(): void {
		for (const name of ['mode', 'disabled', 'texts'] as const) {
			if (!Object.hasOwn(this, name)) continue;
			const value: unknown = this[name];
			Reflect.deleteProperty(this, name);
			Object.assign(this, { [name]: value });
		}
	}

	get #isActive(): boolean {
		return this.#talk?.phase === 'recording' || this.#talk?.phase === 'starting';
	}

	#connect(): void {
		const talk = new Talk(this.#base(), () => this.#settings(), {
			changed: () => this.#render(),
			started: () => this.#tell('start', {}),
			stopped: (reason) => this.#tell('stop', { reason }),
			level: ({ rms, peak }) => {
				if (this.recording) this.#view.level(rms);
				this.#tell('level', { rms, peak });
			},
			transcript: (transcript, stream) => this.#tell('transcript', { ...transcript, stream }),
			failed: (failure) => this.#fail(failure),
		});
		this.#talk = talk;
		talk.open();
	}

	#disconnect(): void {
		this.#gestures.reset();
		const talk = this.#talk;
		// Not to be begun again by who hears of its end.
		this.#talk = undefined;
		talk?.close();
	}

	/** The node's address. */
	#base(): URL {
		const path = this.getAttribute('path');
		return path ? new URL(path.replace(/\/*$/, '/'), document.baseURI) : HOME;
	}

	#settings(): TalkSettings {
		const number = (name: string, fallback: number) => readNumber(this.getAttribute(name), fallback);
		return {
			maxMs: number('max-seconds', MAX_SECONDS) * 1000,
			beginMs: number('begin-seconds', BEGIN_SECONDS) * 1000,
			sampleRate: number('sample-rate', 0) || undefined,
			raw: this.hasAttribute('raw'),
			answers: !this.hasAttribute('no-transcript'),
		};
	}

	#fail(failure: Failure): void {
		const { code, detail } = failure;
		const message = failureText(failure, this.texts);
		// Does not bubble, as errors of other elements do not: window.onerror is for scripts.
		this.#tell('error', { code, message, detail }, false);
	}

	#tell(name: string, detail: VoiceMicDetail, bubbles = true): void {
		this.dispatchEvent(new CustomEvent(name, { detail, bubbles, composed: bubbles }));
	}

	#render(): void {
		const talk = this.#talk;
		if (!talk) return;
		const { texts, mode, disabled } = this;
		const silent = this.hasAttribute('no-transcript');
		const sight = sightOf(talk, { texts, mode, disabled, silent });
		if (this.getAttribute('state') !== sight.state) this.setAttribute('state', sight.state);
		this.#view.render(sight);
	}
}

type VoiceMicDetail =
	| Record<string, never>
	| { reason: string }
	| { rms: number; peak: number }
	| (PageTranscript & { stream: string })
	| { code: string; message: string; detail: string };
