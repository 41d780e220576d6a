import { isObject, parseJson } from '../providers/option-rules.ts';
import { isKeyless, SECRETS, type Secret } from './kind.editor.ts';
import { kindOf } from './kinds.editor.ts';
import { readOptions } from './options.editor.ts';

// What the editor knows of the keys of an stt-provider. It never gets to see them: only that there are some, and that
// only while a dialog is open.

/** What Node-RED shows in place of a password that is stored. */
export const STORED = '__PWRD__';

export interface ProviderNode {
	readonly id: string;
	readonly type: string;
	readonly provider?: unknown;
	readonly endpoint?: unknown;
	readonly options?: unknown;
	readonly credentials?: Record<string, unknown>;
	readonly users?: readonly unknown[];
}

/** By node: Node-RED forgets it at every deploy. */
const known = new WeakMap<object, boolean>();

/** Does the node lack a key that its provider asks for? False where nobody knows. */
export function lacksKey(node: ProviderNode): boolean {
	const { credentials } = node;
	if (credentials) known.set(node, hasKey(credentials));
	return needsKey(node) && known.get(node) === false;
}

/** A server of one's own may do without. */
export function needsKey({
	provider,
	endpoint,
	options,
}: Pick<ProviderNode, 'provider' | 'endpoint' | 'options'>) {
	const kind = kindOf(provider);
	const asks = kind.endpoint?.example !== '' && kind.secrets.length > 0;
	return asks && !String(endpoint ?? '').trim() && !isKeyless(kind, readOptions(options) ?? {});
}

const hasKey = (credentials: Record<string, unknown>): boolean =>
	SECRETS.some((secret) => credentials[secret] || credentials[`has_${secret}`]);

/** Where there never was a key, Node-RED would take an empty field for a change. */
export function settleKeys({ credentials }: ProviderNode): void {
	for (const told of [credentials, credentials?.['_'] as ProviderNode['credentials']])
		for (const secret of told ? SECRETS : []) told![`has_${secret}`] ??= false;
}

/** Asks Node-RED about the keys of a node that was loaded or imported, and marks it if it lacks one. */
export function learnKeys(node: ProviderNode): void {
	if (node.type !== 'stt-provider' || node.credentials || !needsKey(node)) return;
	$.getJSON(`credentials/stt-provider/${node.id}`, (credentials: Record<string, unknown>) => {
		known.set(node, hasKey(credentials));
		for (const one of [node, ...(node.users ?? [])]) RED.editor.validateNode(one);
		RED.view.redraw();
	});
}

/** Whether this may be such a secret, as far as anybody can tell by looking. */
export function looksRight(provider: unknown, secret: Secret, value: string): boolean {
	if (value === '' || value === STORED) return true;
	if (secret !== 'serviceAccount') return /^[\x21-\x7e]*$/.test(value.trim());
	const key = parseJson(value);
	return isObject(key) && (kindOf(provider).keyFile ?? []).every((name) => typeof key[name] === 'string');
}
