import type { EditorNodeProperties } from 'node-red';
import { saveUpgraded, showUpgraded } from '../../../lib/editor/upgrade.ts';
import { isEnvironment, reasoned } from '../../../lib/editor/validators.ts';
import { PROVIDER_MIGRATIONS as MIGRATIONS } from '../migrations.ts';
import { lacksKey, learnKeys, type ProviderNode, settleKeys } from './credentials.editor.ts';
import type { Secret } from './kind.editor.ts';
import { kindOf } from './kinds.editor.ts';
import { optionsProblem, type Translate } from './options.editor.ts';
import { ProviderDialog } from './provider-dialog.editor.ts';

export interface SttProviderProperties extends EditorNodeProperties {
	provider: string;
	endpoint: string;
	caFile: string;
	model: string;
	options: unknown;
	version: number;
}

interface SttProviderSecrets {
	apiKey: string;
	token: string;
	serviceAccount: string;
}

/** A node as the editor has it, also one of a flow that was written by hand. */
type Stored = ProviderNode & Partial<SttProviderProperties> & { _?: Translate };

/** The dialog that is open, and whose it is. */
let open: { node: unknown; dialog: ProviderDialog } | undefined;

function leave(): void {
	open?.dialog.close();
	open = undefined;
}

const wordsOf =
	(node: { _?: Translate }): Translate =>
	(key, values) =>
		node._?.(`stt-stream.${key}`, values) ?? key;

/** In an open dialog it is what is chosen there that counts. */
const providerOf = (node: Stored): unknown =>
	open?.node === node ? $('#node-config-input-provider').val() : node.provider;

const secret = (name: Secret) => ({
	type: 'password' as const,
	// Judges what is in the field; Node-RED calls it in the dialog only.
	validate: reasoned((value) => {
		if (!open || open.dialog.accepts(name, String(value ?? ''))) return undefined;
		return wordsOf(open.node as Stored)('error.noKey');
	}),
});

RED.nodes.registerType<SttProviderProperties, SttProviderSecrets>('stt-provider', {
	category: 'config',
	defaults: {
		name: { value: '' },
		provider: {
			value: 'local',
			required: true,
			// Its own field is not to blame, which the dialog shows.
			validate: reasoned(function (this: Stored) {
				return open?.node !== this && lacksKey(this) ? wordsOf(this)('error.noKey') : undefined;
			}),
		},
		endpoint: {
			value: '',
			validate: reasoned(function (this: Stored, value) {
				const text = String(value ?? '').trim();
				const { pattern, example } = kindOf(providerOf(this)).endpoint ?? {};
				if (!pattern || text === '' || isEnvironment(text) || pattern.test(text)) return undefined;
				return wordsOf(this)('error.endpoint', { example: example ?? '' });
			}),
		},
		caFile: { value: '' },
		model: {
			value: '',
			validate: reasoned(function (this: Stored, value) {
				const isTooMuch = !kindOf(providerOf(this)).models && String(value ?? '').trim() !== '';
				return isTooMuch ? wordsOf(this)('error.noModels') : undefined;
			}),
		},
		options: {
			value: '',
			validate: reasoned(function (this: Stored, value) {
				return optionsProblem(kindOf(providerOf(this)), value, wordsOf(this));
			}),
		},
		version: { value: MIGRATIONS.version },
	},
	credentials: { apiKey: secret('apiKey'), token: secret('token'), serviceAccount: secret('serviceAccount') },
	label() {
		const { name, provider } = this;
		return name || wordsOf(this as Stored)(`provider.${provider}`, { defaultValue: provider });
	},
	oneditprepare() {
		settleKeys(this as Stored);
		const today = showUpgraded(this, MIGRATIONS, 'node-config');
		open = { node: this, dialog: new ProviderDialog(today, wordsOf(this as Stored)) };
	},
	oneditsave() {
		saveUpgraded(this, MIGRATIONS);
		this.options = open?.dialog.save() ?? '';
		leave();
	},
	oneditcancel: leave,
	oneditdelete: leave,
});

RED.events.on('nodes:add', learnKeys);
