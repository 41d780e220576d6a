import { follow } from '../../lib/editor/dialog.ts';
import { isEnvironment, number } from '../../lib/editor/validators.ts';

interface ButtonProperties {
	name: string;
	topic: string;
	backend: string;
	pin: string;
	active: string;
	pull: string;
	debounceMs: number | string;
	doubleClickMs: number | string;
	longPressMs: number | string;
	maxHoldMs: number | string;
}

RED.nodes.registerType<ButtonProperties>('button-trigger', {
	category: 'voice',
	color: '#C0DEED',
	defaults: {
		name: { value: '' },
		topic: { value: '' },
		backend: { value: 'auto', required: true },
		pin: {
			value: '',
			validate(value: string) {
				return this.backend === 'simulated' || String(value ?? '').trim() !== '';
			},
		},
		active: { value: 'high', required: true },
		pull: {
			value: 'none',
			validate(value: string) {
				// sysfs cannot set one.
				return this.backend !== 'onoff' || value === 'none' || isEnvironment(value);
			},
		},
		debounceMs: { value: 20, validate: number(0, 1000) },
		doubleClickMs: { value: 300, validate: number(0, 5000) },
		longPressMs: { value: 800, validate: number(0, 60_000) },
		maxHoldMs: { value: 300_000, validate: number(0, 86_400_000) },
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
		const backend = $('#node-input-backend');
		follow(backend, () => {
			const chosen = backend.val();
			$('.button-trigger-line').toggle(chosen !== 'simulated');
			$('.button-trigger-no-pull').toggle(chosen === 'onoff');
		});
	},
});
