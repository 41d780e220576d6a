import { textOf } from '../../../lib/node/rules.ts';
import { bcmNumber } from '../lines/pin.ts';

/** Words of the node's catalogue. */
export type Translate = (key: string, values?: Record<string, string | number>) => string;

/** A node as the editor has it, also one of a flow that was written by hand. */
interface StoredButton {
	id?: string;
	name?: string | undefined;
	backend?: unknown;
	pin?: unknown;
}

interface OtherNode extends StoredButton {
	type?: string;
	/** Disabled. */
	d?: boolean;
	/** The flow that it is in. */
	z?: string;
}

/** Who uses which GPIO: the other buttons of all flows, as they are in the editor, and the machine. */
export class PinUsers {
	readonly #node: StoredButton;
	readonly #translate: Translate;
	/** By BCM number, as the machine calls them. */
	#machine = new Map<number, string>();

	constructor(node: StoredButton, translate: Translate) {
		this.#node = node;
		this.#translate = translate;
	}

	/**
	 * Asks Node-RED which lines the machine uses.
	 * @param told is called with '' when it is known, else with a sentence that says why it is not
	 */
	ask(told: (problem: string) => void): void {
		$.getJSON('voice/button-trigger/lines', ({ used }: { used: { line: number; by: string }[] }) => {
			this.#machine = new Map(used.map(({ line, by }) => [line, by]));
			told('');
		}).fail(({ status, responseJSON }) => {
			const { message } = (responseJSON ?? {}) as { message?: string };
			if (status === 401 || status === 403) told(this.#translate('button-trigger.pins.notAllowed'));
			else if (status === 429) told(this.#translate('button-trigger.pins.tooOften'));
			else if (message) told(this.#translate('button-trigger.pins.unknown', { reason: message }));
			else told(this.#translate('button-trigger.notify.noResponse'));
		});
	}

	/** The names of those that use a GPIO, beside the node itself. */
	of(bcm: number): string[] {
		const buttons = this.#buttons(bcm);
		const program = this.#machine.get(bcm);
		// That of a button is our own gpiomon or sysfs.
		const isOurs = buttons.length > 0 || bcmNumber(textOf(this.#node.pin)) === bcm;
		if (program === undefined || (isOurs && ['gpiomon', 'sysfs'].includes(program))) return buttons;
		return [...buttons, program === 'kernel' ? this.#translate('button-trigger.pins.kernel') : program];
	}

	#buttons(bcm: number): string[] {
		const names: string[] = [];
		RED.nodes.eachNode((other) => {
			const { type, id, d, z, backend, pin, name } = other as OtherNode;
			if (type !== 'button-trigger' || id === this.#node.id || d || isOff(z)) return true;
			if (backend !== 'simulated' && bcmNumber(textOf(pin)) === bcm)
				names.push(name || this.#translate('button-trigger.paletteLabel'));
			return true;
		});
		return names;
	}
}

function isOff(flow: string | undefined): boolean {
	const workspace = RED.nodes.workspace as (id: string) => { disabled?: boolean } | undefined;
	return flow !== undefined && workspace(flow)?.disabled === true;
}
