import type { EditorNodeProperties } from 'node-red';
import { Checks } from '../../lib/editor/checks.ts';
import { offerDevices } from '../../lib/editor/devices.ts';
import { follow, showWhatApplies } from '../../lib/editor/dialog.ts';
import { settingsOf, startEditing, stopEditing } from '../../lib/editor/edited.ts';
import { showStored } from '../../lib/editor/stored.ts';
import type { Translate } from '../../lib/editor/try.ts';
import { saveUpgraded, showUpgraded } from '../../lib/editor/upgrade.ts';
import { MIGRATIONS } from './migrations.ts';
import { applies, RULES, SOUND_CARDS } from './rules.ts';
import { offerTestTone } from './test-tone.editor.ts';

interface AudioPlayProperties extends EditorNodeProperties {
	backend: string;
	device: string;
	file: string;
	framesPerBuffer: number | string;
	mode: string;
	volume: number | string;
	maxQueueMs: number | string;
	rawSampleRate: number | string;
	rawChannels: number | string;
	streamIdleMs: number | string;
	version: number;
}

const HOUR_MS = 3_600_000;
/** Where a buffer's length in time is of interest and the sound's own rate is not known. */
const USUAL_RATE = 48_000;

const { numbers, choices } = RULES;
const SETTINGS = ['device', 'file', ...Object.keys({ ...numbers, ...choices })];
const checks = new Checks('audio-play', RULES, applies);

let stopTrying = () => {};
let stopLooking = () => {};

function close(): void {
	stopEditing();
	stopTrying();
	stopLooking();
}

RED.nodes.registerType<AudioPlayProperties>('audio-play', {
	category: 'voice',
	color: '#5AA6C8',
	defaults: {
		name: { value: '' },
		backend: { value: choices.backend.value, validate: checks.choice('backend') },
		device: { value: '' },
		file: { value: '', validate: checks.other('file', (text) => (text ? undefined : { key: 'noFile' })) },
		framesPerBuffer: { value: numbers.framesPerBuffer.value, validate: checks.number('framesPerBuffer') },
		mode: { value: choices.mode.value, validate: checks.choice('mode') },
		volume: { value: numbers.volume.value, validate: checks.number('volume') },
		maxQueueMs: { value: numbers.maxQueueMs.value, validate: checks.number('maxQueueMs') },
		rawSampleRate: { value: numbers.rawSampleRate.value, validate: checks.number('rawSampleRate') },
		rawChannels: { value: numbers.rawChannels.value, validate: checks.number('rawChannels') },
		streamIdleMs: { value: numbers.streamIdleMs.value, validate: checks.number('streamIdleMs') },
		version: { value: MIGRATIONS.version },
	},
	inputs: 1,
	outputs: 1,
	align: 'right',
	icon: 'audio-play.svg',
	label() {
		return this.name || this._('audio-play.paletteLabel');
	},
	paletteLabel() {
		return this._('audio-play.paletteLabel');
	},
	labelStyle() {
		return this.name ? 'node_label_italic' : '';
	},
	inputLabels() {
		return this._('audio-play.port.audio');
	},
	outputLabels() {
		return this._('audio-play.port.finished');
	},
	oneditprepare() {
		startEditing(this);
		const of = settingsOf(this, RULES);
		const translate: Translate = (key, values) => this._(key, values);
		showStored(showUpgraded(this, MIGRATIONS), RULES);
		showWhatApplies(SETTINGS, applies, of);
		follow($('#node-input-backend'), () => void $('.audio-play-card').toggle(applies('device', of)));
		follow($('#node-input-framesPerBuffer, #node-input-rawSampleRate'), () => {
			const rate = Number(of('rawSampleRate')) || USUAL_RATE;
			const ms = (Number(of('framesPerBuffer')) * 1000) / rate;
			const words = this._('audio-play.framesMs', {
				ms: String(Math.round(ms * 10) / 10),
				rate: String(rate),
			});
			$('.audio-play-frames-ms').text(ms > 0 && ms < HOUR_MS ? words : '');
		});
		stopLooking = offerDevices('audio-play', 'backend', SOUND_CARDS, translate);
		stopTrying = offerTestTone(translate);
	},
	oneditsave() {
		saveUpgraded(this, MIGRATIONS);
		close();
	},
	oneditcancel: close,
	oneditdelete: close,
});
