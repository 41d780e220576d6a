import type { EditorNodeProperties } from 'node-red';
import { follow, followRawSampleRate } from '../../lib/editor/dialog.ts';
import { saveUpgraded, showUpgraded } from '../../lib/editor/upgrade.ts';
import { number, reasoned } from '../../lib/editor/validators.ts';
import { kindOf } from './dialog/kinds.editor.ts';
import { readOptions, type Translate } from './dialog/options.editor.ts';
import type { SttProviderProperties } from './dialog/stt-provider.editor.ts';
import './dialog/stt-provider.editor.ts';
import { STREAM_MIGRATIONS as MIGRATIONS } from './migrations.ts';

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
	version: number;
}

const HOUR_MS = 3_600_000;

/** Accepts what `number` does, and tells what it accepts. */
function size(min: number, max: number, whole = false): (value: unknown) => boolean {
	const fits = number(min, max, whole);
	return reasoned(function (this: { _?: Translate } | undefined, value) {
		const key = whole ? 'whole' : 'number';
		return fits(value) ? undefined : (this?._?.(`stt-stream.error.${key}`, { min, max }) ?? key);
	});
}

/** Shows what there is to choose with this provider, in words that fit it. */
function fitProvider(id: string, translate: Translate): void {
	const node = RED.nodes.node(id) as (Partial<SttProviderProperties> & { provider?: string }) | null;
	const { provider = '', model = '', options } = node ?? {};
	$('.stt-stream-finals').toggle(kindOf(provider).refines(model, readOptions(options) ?? {}));
	const word = (key: string) =>
		translate(`stt-stream.${key}.${provider}`, { defaultValue: translate(`stt-stream.${key}.any`) });
	$('#node-input-language').attr('placeholder', word('placeholder.language'));
	$('.stt-stream-warm-cost').text(word('warmCost'));
}

RED.nodes.registerType<SttStreamProperties>('stt-stream', {
	category: 'voice',
	color: '#5AA6C8',
	defaults: {
		name: { value: '' },
		provider: { value: '', type: 'stt-provider', required: true },
		language: { value: '' },
		partials: { value: true },
		finals: { value: 'first', required: true },
		warm: { value: false },
		maxStreams: { value: 4, validate: size(1, 1000, true) },
		connectTimeoutMs: { value: 10_000, validate: size(100, HOUR_MS) },
		reconnectMs: { value: 60_000, validate: size(0, HOUR_MS) },
		finalTimeoutMs: { value: 10_000, validate: size(100, HOUR_MS) },
		maxBufferMs: { value: 30_000, validate: size(100, HOUR_MS) },
		rawSampleRate: { value: 0, validate: size(0, 384_000, true) },
		rawChannels: { value: 1, validate: size(1, 32, true) },
		streamIdleMs: { value: 5000, validate: size(0, HOUR_MS) },
		version: { value: MIGRATIONS.version },
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
		const today = showUpgraded(this, MIGRATIONS);
		// A flow written by hand may lack these; what holds then must not change because somebody looks.
		if (today.partials === undefined) $('#node-input-partials').prop('checked', true);
		if (!today.finals) $('#node-input-finals').val('first');
		followRawSampleRate('stt-stream');
		const provider = $('#node-input-provider');
		follow(provider, () => fitProvider(String(provider.val()), (key, values) => this._(key, values)));
	},
	oneditsave() {
		saveUpgraded(this, MIGRATIONS);
	},
});
