import { meaningOfNone, type Of, type Rules, textOf } from '../node/rules.ts';
import type { Translate } from './try.ts';

/** A node as the editor has it, also one of a flow that was written by hand. */
export interface StoredNode {
	readonly [setting: string]: unknown;
	readonly _?: Translate;
}

/** The node whose dialog is open. */
let edited: unknown;

/** From now on what the open dialog shows counts for this node, and not what is stored. */
export function startEditing(node: unknown): void {
	edited = node;
}

export function stopEditing(): void {
	edited = undefined;
}

/** The settings of a node as they stand: in its dialog while that is open. */
export function settingsOf(node: StoredNode, rules: Rules): Of {
	return (name) => textOf(edited === node ? shown(name) : node[name]) || meaningOfNone(rules, name);
}

function shown(name: string): unknown {
	const field = $(`#node-input-${name}`);
	return field.is(':checkbox') ? field.prop('checked') : field.val();
}
