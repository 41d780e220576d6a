import type { EditorNodeProperties } from 'node-red';
import { Checks } from '../../lib/editor/checks.ts';
import { follow, showWhatApplies } from '../../lib/editor/dialog.ts';
import { settingsOf, startEditing, stopEditing } from '../../lib/editor/edited.ts';
import { showStored } from '../../lib/editor/stored.ts';
import { saveUpgraded, showUpgraded } from '../../lib/editor/upgrade.ts';
import { kindOf } from './dialog/kinds.editor.ts';
import { readOptions, type Translate } from './dialog/options.editor.ts';
import type { SttProviderProperties } from './dialog/stt-provider.editor.ts';
import './dialog/stt-provider.editor.ts';
import { STREAM_MIGRATIONS as MIGRATIONS } from './migrations.ts';
import { applies, RULES } from './rules.ts';

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

const { numbers, choices, flags } = RULES;
const checks = new Checks('stt-stream', RULES, applies);

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
		partials: { value: flags.partials, validate: checks.flag('partials') },
		finals: { value: choices.finals.value, validate: checks.choice('finals') },
		warm: { value: flags.warm, validate: checks.flag('warm') },
		maxStreams: { value: numbers.maxStreams.value, validate: checks.number('maxStreams') },
		connectTimeoutMs: { value: numbers.connectTimeoutMs.value, validate: checks.number('connectTimeoutMs') },
		reconnectMs: { value: numbers.reconnectMs.value, validate: checks.number('reconnectMs') },
		finalTimeoutMs: { value: numbers.finalTimeoutMs.value, validate: checks.number('finalTimeoutMs') },
		maxBufferMs: { value: numbers.maxBufferMs.value, validate: checks.number('maxBufferMs') },
		rawSampleRate: { value: numbers.rawSampleRate.value, validate: checks.number('rawSampleRate') },
		rawChannels: { value: numbers.rawChannels.value, validate: checks.number('rawChannels') },
		streamIdleMs: { value: numbers.streamIdleMs.value, validate: checks.number('streamIdleMs') },
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
		startEditing(this);
		// What a flow written by hand lacks is shown as what holds then.
		showStored(showUpgraded(this, MIGRATIONS), RULES);
		showWhatApplies(['rawSampleRate', 'rawChannels'], applies, settingsOf(this, RULES));
		const provider = $('#node-input-provider');
		follow(provider, () => fitProvider(String(provider.val()), (key, values) => this._(key, values)));
	},
	oneditsave() {
		saveUpgraded(this, MIGRATIONS);
		stopEditing();
	},
	oneditcancel: stopEditing,
	oneditdelete: stopEditing,
});
