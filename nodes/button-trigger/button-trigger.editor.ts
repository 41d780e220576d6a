import type { EditorNodeProperties } from 'node-red';
import { startEditing, stopEditing } from '../../lib/editor/edited.ts';
import { offerStored } from '../../lib/editor/stored.ts';
import { saveUpgraded, showUpgraded } from '../../lib/editor/upgrade.ts';
import { active, backend, milliseconds, pin, pull } from './dialog/checks.editor.ts';
import { offerPresets, showDefaultTimes, showWhatApplies } from './dialog/fields.editor.ts';
import { PinPicker } from './dialog/pin-picker.editor.ts';
import { PinUsers } from './dialog/pin-users.editor.ts';
import { MIGRATIONS } from './migrations.ts';

interface ButtonProperties extends EditorNodeProperties {
	topic: string;
	backend: string;
	pin: string;
	active: string;
	pull: string;
	debounceMs: number | string;
	doubleClickMs: number | string;
	longPressMs: number | string;
	maxHoldMs: number | string;
	version: number;
}

RED.nodes.registerType<ButtonProperties>('button-trigger', {
	category: 'voice',
	color: '#5AA6C8',
	defaults: {
		name: { value: '' },
		topic: { value: '' },
		backend: { value: 'auto', validate: backend },
		pin: { value: '', validate: pin },
		active: { value: 'high', validate: active },
		pull: { value: 'none', validate: pull },
		debounceMs: { value: 20, validate: milliseconds('debounceMs') },
		doubleClickMs: { value: 300, validate: milliseconds('doubleClickMs') },
		longPressMs: { value: 800, validate: milliseconds('longPressMs') },
		maxHoldMs: { value: 300_000, validate: milliseconds('maxHoldMs') },
		version: { value: MIGRATIONS.version },
	},
	inputs: 1,
	outputs: 2,
	icon: 'button-trigger.svg',
	label() {
		if (this.name) return this.name;
		return this.backend !== 'simulated' && this.pin
			? this._('button-trigger.pinLabel', { pin: this.pin })
			: this._('button-trigger.paletteLabel');
	},
	paletteLabel() {
		return this._('button-trigger.paletteLabel');
	},
	labelStyle() {
		return this.name ? 'node_label_italic' : '';
	},
	inputLabels() {
		return this._('button-trigger.port.control');
	},
	outputLabels(index) {
		return this._(index === 0 ? 'button-trigger.port.press' : 'button-trigger.port.gesture');
	},
	button: {
		enabled() {
			// What is not deployed yet does not run yet.
			return Reflect.get(this, 'changed') !== true;
		},
		onclick() {
			const failed = (key: string) => RED.notify(this._(`button-trigger.notify.${key}`), 'error');
			$.ajax({
				url: `voice/button-trigger/${encodeURIComponent(this.id)}`,
				type: 'POST',
				error: ({ status }) => {
					if (status === 404) failed('notDeployed');
					else if (status === 401 || status === 403) failed('notAllowed');
					else failed('noResponse');
				},
			});
		},
	},
	oneditprepare() {
		startEditing(this);
		const { backend, active, pull } = showUpgraded(this, MIGRATIONS);
		offerStored('backend', backend, 'auto');
		offerStored('active', active, 'high');
		offerStored('pull', pull, 'none');
		showWhatApplies(this);
		showDefaultTimes();
		offerPresets();
		const translate = (key: string, values?: Record<string, string | number>) => this._(key, values);
		new PinPicker(new PinUsers(this, translate), translate);
	},
	oneditsave() {
		saveUpgraded(this, MIGRATIONS);
		stopEditing();
	},
	oneditcancel: stopEditing,
	oneditdelete: stopEditing,
});
