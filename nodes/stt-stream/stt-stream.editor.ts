import type { EditorNodeProperties } from 'node-red';
import { follow, followRawSampleRate } from '../../lib/editor/dialog.ts';
import { isEnvironment, number } from '../../lib/editor/validators.ts';

interface SttStreamProperties extends EditorNodeProperties {
	provider: string;
	language: string;
	partials: boolean;
	finals: string;
	warm: boolean;
	reconnectMs: number | string;
	maxStreams: number | string;
	connectTimeoutMs: number | string;
	finalTimeoutMs: number | string;
	maxBufferMs: number | string;
	rawSampleRate: number | string;
	rawChannels: number | string;
	streamIdleMs: number | string;
}

interface SttProviderProperties extends EditorNodeProperties {
	provider: string;
	endpoint: string;
	caFile: string;
	model: string;
	options: string;
}

interface SttProviderSecrets {
	apiKey: string;
	token: string;
	serviceAccount: string;
}

/** What each provider's dialog shows, beside name and options. */
const FIELDS: Record<string, readonly string[]> = {
	local: ['engine', 'model', 'grammar'],
};

const HOUR_MS = 3_600_000;

/** The options' text as an object; undefined if it is not one. */
function parseOptions(text: unknown): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(String(text ?? '').trim() || '{}');
		const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
		return isObject ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

/** Typed fields are another view of the options, which alone are stored. */
function tieOptionFields(): void {
	const options = $('#node-config-input-options');
	const fields = $('[data-option]');
	const show = () => {
		const values = parseOptions(options.val());
		fields.prop('disabled', !values);
		if (values)
			fields.each((_, field) => void $(field).val(String(values[field.dataset['option'] ?? ''] ?? '')));
	};
	const store = () => {
		const values = parseOptions(options.val());
		if (!values) return;
		fields.each((_, field) => {
			const name = field.dataset['option'] ?? '';
			const value = String($(field).val() ?? '').trim();
			if (value) values[name] = value;
			else delete values[name];
		});
		options.val(Object.keys(values).length ? JSON.stringify(values) : '');
		options.trigger('change');
	};
	options.on('input', show);
	fields.on('change input', store);
	show();
}

RED.nodes.registerType<SttStreamProperties>('stt-stream', {
	category: 'voice',
	color: '#C0DEED',
	defaults: {
		name: { value: '' },
		provider: { value: '', type: 'stt-provider', required: true },
		language: { value: '' },
		partials: { value: true },
		finals: { value: 'first', required: true },
		warm: { value: false },
		maxStreams: { value: 4, validate: number(1, 1000, true) },
		connectTimeoutMs: { value: 10_000, validate: number(100, HOUR_MS) },
		reconnectMs: { value: 60_000, validate: number(0, HOUR_MS) },
		finalTimeoutMs: { value: 10_000, validate: number(100, HOUR_MS) },
		maxBufferMs: { value: 30_000, validate: number(100, HOUR_MS) },
		rawSampleRate: { value: 0, validate: number(0, 384_000, true) },
		rawChannels: { value: 1, validate: number(1, 32, true) },
		streamIdleMs: { value: 5000, validate: number(0, HOUR_MS) },
	},
	inputs: 1,
	outputs: 3,
	icon: 'stt-stream.svg',
	label() {
		return this.name || this._('stt-stream.paletteLabel');
	},
	paletteLabel() {
		return this._('stt-stream.paletteLabel');
	},
	labelStyle() {
		return this.name ? 'node_label_italic' : '';
	},
	inputLabels() {
		return this._('stt-stream.port.audio');
	},
	outputLabels(index: number) {
		return this._(`stt-stream.port.${['finals', 'partials', 'events'][index]}`);
	},
	oneditprepare() {
		// A flow written by hand may lack these; what holds then must not change because somebody looks.
		if (this.partials === undefined) $('#node-input-partials').prop('checked', true);
		if (!this.finals) $('#node-input-finals').val('first');
		followRawSampleRate('stt-stream');
	},
});

RED.nodes.registerType<SttProviderProperties, SttProviderSecrets>('stt-provider', {
	category: 'config',
	defaults: {
		name: { value: '' },
		provider: { value: 'local', required: true },
		endpoint: { value: '' },
		caFile: { value: '' },
		model: { value: '' },
		options: {
			value: '',
			validate: (value: unknown) => isEnvironment(value) || parseOptions(value) !== undefined,
		},
	},
	credentials: {
		apiKey: { type: 'password' },
		token: { type: 'password' },
		serviceAccount: { type: 'password' },
	},
	label() {
		return this.name || this._(`stt-stream.provider.${this.provider}`);
	},
	oneditprepare() {
		const provider = $('#node-config-input-provider');
		follow(provider, () => {
			const fields = FIELDS[String(provider.val())] ?? [];
			$('.stt-provider-field').each(
				(_, row) => void $(row).toggle(fields.includes(row.dataset['field'] ?? '')),
			);
		});
		tieOptionFields();
	},
});
