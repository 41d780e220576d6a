import type { Node, NodeStatusFill, NodeStatusShape } from 'node-red';

/** Node-RED cuts longer status texts in the editor's flow view. */
const STATUS_LENGTH = 20;

export type StatusLook = 'idle' | 'connecting' | 'active' | 'playing' | 'warning' | 'error';

const LOOKS: Record<StatusLook, { fill: NodeStatusFill; shape: NodeStatusShape }> = {
	idle: { fill: 'grey', shape: 'ring' },
	connecting: { fill: 'yellow', shape: 'ring' },
	active: { fill: 'green', shape: 'dot' },
	playing: { fill: 'blue', shape: 'dot' },
	warning: { fill: 'yellow', shape: 'dot' },
	error: { fill: 'red', shape: 'ring' },
};

export type Translate = (key: string, values?: Record<string, string | number>) => string;

/**
 * The status line under a node: one look per state, translated texts of at most 20 characters, and no message to
 * the editor when nothing changed.
 */
export class StatusLine {
	readonly #node: Node;
	readonly #translate: Translate;
	#shown = '';
	/** What showed it, where that tells all. */
	#asked = '';

	/** @param translate `RED._`; keys are looked up below `status.` in the node set's own catalogue */
	constructor(node: Node, translate: Translate, nodeSet: string) {
		this.#node = node;
		this.#translate = (key, values) => {
			const whole = `${nodeSet}.status.${key}`;
			const text = translate(whole, values);
			return text === whole ? untranslated(key, values) : text;
		};
	}

	show(look: StatusLook, key: string, values?: Record<string, string | number>): void {
		const asked = values ? '' : `${look} ${key}`;
		// Nodes say again and again what they are doing, and a translation is dear.
		if (asked && asked === this.#asked) return;
		this.#asked = asked;
		const text = shorten(this.#translate(key, values));
		const next = `${look} ${text}`;
		if (next === this.#shown) return;
		this.#shown = next;
		this.#node.status({ ...LOOKS[look], text });
	}

	clear(): void {
		this.#shown = '';
		this.#asked = '';
		this.#node.status({});
	}
}

/** Without a catalogue, as in Node-RED's test helper: cut, all of one node's keys would look the same. */
function untranslated(key: string, values: Record<string, string | number> = {}): string {
	return [key.slice(key.lastIndexOf('.') + 1), ...Object.values(values)].join(' ');
}

function shorten(text: string): string {
	// By code points: half of a surrogate pair is no character.
	const characters = [...text];
	return characters.length <= STATUS_LENGTH ? text : `${characters.slice(0, STATUS_LENGTH - 1).join('')}…`;
}
