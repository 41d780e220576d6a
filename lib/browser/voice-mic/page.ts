import type { PageTranscript } from '../protocol.ts';
import { adopt, element, svg, write } from './dom.ts';
import css from './styles/page.css';
import { fill, knownLanguage, textsFor } from './texts/texts.ts';

/** Attributes of the microphone that the page's address may set: `?mode=hold&lang=de`. */
const FROM_ADDRESS = ['mode', 'lang', 'max-seconds', 'begin-seconds', 'sample-rate', 'raw', 'no-transcript'];
/** Older ones are forgotten. */
const MOST = 200;

type Heard = PageTranscript & { stream: string };

/** `<voice-mic-page>`: the page at the node's own address, a microphone and what was said into it. */
export class VoiceMicPage extends HTMLElement {
	readonly #list = element('ol', { class: 'list', 'aria-labelledby': 'heard' });
	readonly #notes = element('section', { class: 'notes' });
	readonly #entries = new Map<string, { item: HTMLElement; text: string }>();

	connectedCallback(): void {
		if (this.shadowRoot) return;
		const root = this.attachShadow({ mode: 'open' });
		const asked = new URLSearchParams(location.search);
		const lang = knownLanguage([asked.get('lang') ?? '', ...navigator.languages]);
		const { page } = textsFor(lang);
		document.documentElement.lang = lang;
		document.title = page.title;
		adopt(document, 'body { margin: 0; }');
		adopt(root, css);

		const microphone = element('voice-mic' as 'div');
		for (const name of FROM_ADDRESS) {
			const value = asked.get(name);
			if (value !== null) microphone.setAttribute(name, value);
		}
		microphone.addEventListener('transcript', (event) => this.#take((event as CustomEvent<Heard>).detail));
		const heading = element('h2', { id: 'heard' }, page.heard);
		const copy = this.#tool(page.copy, COPY, () => void this.#copy());
		const clear = this.#tool(page.clear, CLEAR, () => this.#clear());
		this.#notes.append(
			element('header', {}, heading, element('div', { class: 'tools' }, copy, clear)),
			this.#list,
			element('p', { class: 'empty' }, page.empty),
		);
		root.append(
			element(
				'main',
				{},
				element('h1', {}, page.title),
				element('section', { class: 'card' }, microphone),
				this.#notes,
			),
		);
		if (asked.has('no-transcript')) this.#notes.hidden = true;
	}

	/** A refined text takes the place of the one that it refines. */
	#take({ kind, text, turn, stream, confidence, language }: Heard): void {
		if (kind === 'partial' || !text.trim()) return;
		const key = `${stream} ${turn}`;
		const words = element('p', { class: 'said', dir: 'auto' }, text);
		if (language) words.lang = language;
		const now = new Date();
		const time = element('time', { datetime: now.toISOString() }, now.toLocaleTimeString(undefined, HOURS));
		const facts = element('p', { class: 'facts' }, time);
		if (confidence !== undefined) {
			const { page } = textsFor(document.documentElement.lang);
			facts.append(' · ', fill(page.confidence, { percent: Math.round(confidence * 100) }));
		}
		const item = this.#entries.get(key)?.item ?? element('li');
		item.replaceChildren(words, facts);
		if (!item.isConnected) this.#list.prepend(item);
		this.#entries.set(key, { item, text });
		const [oldest] = this.#entries;
		if (this.#entries.size > MOST && oldest) {
			oldest[1].item.remove();
			this.#entries.delete(oldest[0]);
		}
		this.#notes.classList.add('some');
	}

	#clear(): void {
		this.#entries.clear();
		this.#list.replaceChildren();
		this.#notes.classList.remove('some');
	}

	async #copy(): Promise<void> {
		const all = [...this.#entries.values()].map(({ text }) => text).join('\n');
		// Browsers may forbid it; then nothing is copied.
		await navigator.clipboard?.writeText(all).catch(() => {});
	}

	#tool(label: string, shape: string, act: () => void): HTMLElement {
		const icon = svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: shape }));
		const button = element('button', { type: 'button', class: 'tool' }, icon, element('span'));
		write(button.lastElementChild as HTMLElement, label);
		button.addEventListener('click', act);
		return button;
	}
}

const HOURS = { hour: '2-digit', minute: '2-digit' } as const;
const COPY = 'M9 9h10v11H9zM5 15V4h10';
const CLEAR = 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13';
