import { textOf } from '../../../lib/node/rules.ts';
import { HEADER, type HeaderPin } from '../header.ts';
import { bcmNumber } from '../lines/pin.ts';
import type { PinUsers, Translate } from './pin-users.editor.ts';

/** The 40-pin header below the pin's field, folded away until its button is pressed. */
export class PinPicker {
	readonly #field = $('#node-input-pin');
	readonly #toggle = $('#button-trigger-pins-toggle');
	readonly #panel = $('#button-trigger-pins');
	readonly #note = $('#button-trigger-pin-note');
	readonly #header = $('.button-trigger-header');
	readonly #problem = $('.button-trigger-pins-problem');
	readonly #users: PinUsers;
	readonly #translate: Translate;

	constructor(users: PinUsers, translate: Translate) {
		this.#users = users;
		this.#translate = translate;
		this.#toggle.on('click', () => this.#show(!this.#isOpen));
		this.#header.on('click', 'button', ({ currentTarget }) => this.#choose(currentTarget));
		this.#panel.on('keydown', (event) => this.#key(event));
		this.#field.on('input change', () => this.refresh());
		this.refresh();
	}

	/** Shows who uses which pin, and which one is chosen. */
	refresh(): void {
		const bcm = bcmNumber(textOf(this.#field.val()));
		this.#note.text(bcm === undefined ? '' : this.#about(bcm));
		if (this.#isOpen) this.#draw(bcm);
	}

	get #isOpen(): boolean {
		return this.#toggle.attr('aria-expanded') === 'true';
	}

	#words(key: string, values?: Record<string, string | number>): string {
		return this.#translate(`button-trigger.pins.${key}`, values);
	}

	/** What the line below the field says of a number. */
	#about(bcm: number): string {
		const pin = HEADER.find((pin) => pin.bcm === bcm);
		const users = this.#users.of(bcm);
		const taken = users.length ? ` ${this.#words('usedBy', { users: users.join(', ') })}` : '';
		if (pin) return this.#place(pin) + taken;
		// Who counts the pins of the header, and means one of those?
		const counted = HEADER[bcm - 1]?.bcm;
		const instead =
			counted === undefined ? '' : ` ${this.#words('counted', { physical: bcm, bcm: counted })}`;
		return this.#words('notThere', { bcm }) + instead + taken;
	}

	#place({ bcm = 0, physical, role }: HeaderPin): string {
		return role ? this.#words('placeRole', { bcm, physical, role }) : this.#words('place', { bcm, physical });
	}

	#show(isOpen: boolean): void {
		this.#toggle.attr('aria-expanded', String(isOpen));
		this.#panel.toggle(isOpen);
		if (!isOpen) return;
		this.refresh();
		this.#panel[0]?.scrollIntoView({ block: 'nearest' });
		this.#users.ask((problem) => {
			this.#problem.text(problem).toggle(problem !== '');
			this.refresh();
		});
	}

	#draw(chosen: number | undefined): void {
		const cells = this.#header.children().toArray();
		const focused = document.activeElement?.getAttribute('data-bcm');
		HEADER.forEach((pin, at) => {
			const fresh = this.#cell(pin, chosen);
			const shown = cells[at];
			if (!shown) this.#header.append(fresh);
			// Who uses the pins is told later: what is being pressed in that moment must stay, or it gets no click.
			else if (shown.innerHTML !== fresh.html()) $(shown).html(fresh.html());
			if (shown && pin.bcm !== undefined)
				for (const name of ['aria-pressed', 'title']) $(shown).attr(name, fresh.attr(name) ?? '');
		});
		const pins = this.#header.find('button').attr('tabindex', -1);
		// One of them can be reached with the tabulator, the others from there.
		const first = pins.filter('[aria-pressed="true"]').add(pins.first()).last();
		(focused ? pins.filter(`[data-bcm="${focused}"]`) : first).attr('tabindex', 0);
	}

	#cell({ bcm, kind, physical, role = '' }: HeaderPin, chosen: number | undefined): JQuery {
		const cell = $(bcm === undefined ? '<div>' : '<button type="button" tabindex="-1">');
		cell.addClass(`button-trigger-pin button-trigger-pin-${kind}`);
		const add = (part: string, text: string | number) =>
			$('<span>').addClass(`button-trigger-pin-${part}`).text(text).appendTo(cell).after(' ');
		const users = bcm === undefined ? [] : this.#users.of(bcm);
		if (users.length) add('taken', users.join(', '));
		else if (role) add('role', role);
		if (bcm !== undefined) {
			add('name', `GPIO ${bcm}`);
			cell.attr({ 'data-bcm': bcm, 'aria-pressed': String(bcm === chosen), title: this.#about(bcm) });
		}
		// The title says which number that is.
		add('number', physical).attr('aria-hidden', 'true');
		return cell;
	}

	#choose(pin: HTMLElement): void {
		this.#field.val($(pin).attr('data-bcm') ?? '').trigger('change');
		this.#show(false);
		this.#toggle.trigger('focus');
	}

	/** The arrow keys go from pin to pin as they lie on the header. */
	#key(event: JQuery.KeyDownEvent): void {
		if (event.key === 'Escape') {
			event.stopPropagation();
			this.#show(false);
			this.#toggle.trigger('focus');
			return;
		}
		const step = { ArrowUp: -2, ArrowDown: 2, ArrowLeft: -1, ArrowRight: 1 }[event.key];
		const from = HEADER.findIndex(({ bcm }) => String(bcm) === $(event.target).attr('data-bcm'));
		if (step === undefined || from < 0) return;
		event.preventDefault();
		const to = next(from, step);
		const pins = this.#header.find('button').attr('tabindex', -1);
		pins.filter(`[data-bcm="${HEADER[to]?.bcm}"]`).attr('tabindex', 0).trigger('focus');
	}
}

/** The next GPIO in a direction, past power and ground; where there is none, where it began. */
function next(from: number, step: number): number {
	// To the side there is one place only, in the same row.
	const isSideways = Math.abs(step) === 1;
	if (isSideways && from % 2 === (step === 1 ? 1 : 0)) return from;
	for (let at = from + step; at >= 0 && at < HEADER.length; at += step) {
		if (HEADER[at]?.bcm !== undefined) return at;
		if (isSideways) break;
	}
	return from;
}
