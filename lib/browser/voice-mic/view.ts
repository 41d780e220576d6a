import { adopt, element, svg, write } from './dom.ts';
import { Meter } from './meter.ts';
import button from './styles/button.css';
import layout from './styles/layout.css';
import wishes from './styles/wishes.css';

/** What there is to see. */
export interface Sight {
	/** As in the attribute `state`. */
	state: 'connecting' | 'idle' | 'starting' | 'recording' | 'finishing' | 'error' | 'disabled';
	label: string;
	/** A second press ends it. */
	pressed: boolean;
	/** The button shows that a click stops. */
	stops: boolean;
	disabled: boolean;
	status: string;
	time: string;
	/** Time runs out. */
	urgent: boolean;
	/** Share of the time that has gone, 0 to 1. */
	progress: number;
	final: string;
	partial: string;
	/** No text is shown. */
	silent: boolean;
}

const RADIUS = 47;

/** The shadow tree of the element. */
export class View {
	readonly button: HTMLButtonElement;
	readonly #root: HTMLElement;
	readonly #ring: SVGElement;
	readonly #meter = new Meter();
	readonly #time = element('span', { class: 'time', part: 'time', 'aria-hidden': 'true' });
	readonly #status = element('p', { class: 'status', part: 'status', role: 'status', 'aria-live': 'polite' });
	// Only what is settled is read out: partial text changes several times a second.
	readonly #final = element('span', { class: 'final', part: 'final', 'aria-live': 'polite' });
	readonly #partial = element('span', { class: 'partial', part: 'partial' });
	readonly #text: HTMLElement;

	constructor(shadow: ShadowRoot) {
		this.#ring = circle('ring-progress');
		const ring = svg(
			'svg',
			{ class: 'ring', part: 'ring', viewBox: '0 0 100 100', 'aria-hidden': 'true' },
			circle('ring-track'),
			this.#ring,
		);
		this.button = element(
			'button',
			{ class: 'button', part: 'button', type: 'button' },
			microphoneIcon(),
			stopIcon(),
		);
		this.#text = element('p', { class: 'text', part: 'text', dir: 'auto' }, this.#final, ' ', this.#partial);
		this.#root = element(
			'div',
			{ class: 'root', part: 'root' },
			element('div', { class: 'stage' }, element('span', { class: 'halo' }), ring, this.button),
			element(
				'div',
				{ class: 'words' },
				element('div', { class: 'live' }, this.#meter.root, this.#time),
				this.#status,
				this.#text,
			),
		);
		adopt(shadow, layout + button + wishes);
		shadow.append(this.#root);
	}

	render(sight: Sight): void {
		const { button } = this;
		this.#root.dataset['state'] = sight.state;
		this.#root.classList.toggle('stops', sight.stops);
		this.#root.classList.toggle('urgent', sight.urgent);
		if (button.disabled !== sight.disabled) button.disabled = sight.disabled;
		set(button, 'aria-label', sight.label);
		set(button, 'aria-pressed', String(sight.pressed));
		write(this.#status, sight.status);
		write(this.#time, sight.time);
		this.#ring.style.setProperty('--progress', sight.progress.toFixed(4));
		this.#text.hidden = sight.silent;
		this.#renderText(sight.final, sight.partial);
		if (sight.state !== 'recording') this.#quiet();
	}

	/** @param rms 0 to 1 */
	level(rms: number): void {
		this.#root.style.setProperty('--level', this.#meter.push(rms).toFixed(3));
	}

	#quiet(): void {
		this.#meter.clear();
		this.#root.style.setProperty('--level', '0');
	}

	#renderText(final: string, partial: string): void {
		const before = this.#final.textContent?.length ?? 0;
		const wasPartial = this.#partial.textContent?.length ?? 0;
		write(this.#final, final);
		write(this.#partial, partial);
		// The newest words are to be seen.
		if (before !== final.length || wasPartial !== partial.length)
			this.#text.scrollTop = this.#text.scrollHeight;
	}
}

function circle(name: string): SVGElement {
	return svg('circle', { class: name, cx: '50', cy: '50', r: String(RADIUS), pathLength: '1' });
}

function microphoneIcon(): SVGElement {
	return svg(
		'svg',
		{ class: 'icon microphone', part: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
		svg('rect', { x: '8.5', y: '2.5', width: '7', height: '12', rx: '3.5', class: 'solid' }),
		svg('path', { d: 'M5 11.5a7 7 0 0 0 14 0M12 18.5v3M8.5 21.5h7', class: 'line' }),
	);
}

function stopIcon(): SVGElement {
	return svg(
		'svg',
		{ class: 'icon stop', part: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' },
		svg('rect', { x: '6', y: '6', width: '12', height: '12', rx: '2.5', class: 'solid' }),
	);
}

function set(element: Element, name: string, value: string): void {
	if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
