import type { EditorNodeProperties } from 'node-red';
import { follow, followRawSampleRate, offerDevices } from '../../lib/editor/dialog.ts';
import { number } from '../../lib/editor/validators.ts';
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
}

const HOUR_MS = 3_600_000;
/** Where a buffer's length in time is of interest and the sound's own rate is not known. */
const USUAL_RATE = 48_000;

/** The node whose dialog is open. */
let edited: unknown;
let stopTrying = () => {};

/** In an open dialog it is what is chosen there that counts. */
const backendOf = (node: { backend?: unknown }): unknown =>
	edited === node ? $('#node-input-backend').val() : node.backend;

function close(): void {
	edited = undefined;
	stopTrying();
}

RED.nodes.registerType<AudioPlayProperties>('audio-play', {
	category: 'voice',
	color: '#C0DEED',
	defaults: {
		name: { value: '' },
		backend: { value: 'auto', required: true },
		device: { value: '' },
		file: {
			value: '',
			validate(value: string) {
				return backendOf(this) !== 'file' || String(value ?? '').trim() !== '';
			},
		},
		framesPerBuffer: { value: 4096, validate: number(0, 65_536, true) },
		mode: { value: 'queue', required: true },
		volume: { value: 100, validate: number(0, 100) },
		maxQueueMs: { value: 60_000, validate: number(100, HOUR_MS) },
		rawSampleRate: { value: 0, validate: number(0, 384_000, true) },
		rawChannels: { value: 1, validate: number(1, 32, true) },
		streamIdleMs: { value: 5000, validate: number(0, HOUR_MS) },
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
		edited = this;
		const backend = $('#node-input-backend');
		follow(backend, () => {
			const chosen = String(backend.val());
			$('.audio-play-device').toggle(chosen !== 'file');
			$('.audio-play-portaudio').toggle(chosen === 'auto' || chosen === 'portaudio');
			$('.audio-play-file').toggle(chosen === 'file');
			if (chosen !== 'file') offerDevices('audio-play', 'backend', (key) => this._(key));
			// Whether it may be empty depends on it.
			$('#node-input-file').trigger('change');
		});
		followRawSampleRate('audio-play');

		const frames = $('#node-input-framesPerBuffer');
		const raw = $('#node-input-rawSampleRate');
		follow(frames.add(raw), () => {
			const rate = Number(raw.val()) || USUAL_RATE;
			const ms = (Number(frames.val()) * 1000) / rate;
			const words = this._('audio-play.framesMs', {
				ms: String(Math.round(ms * 10) / 10),
				rate: String(rate),
			});
			$('.audio-play-frames-ms').text(ms > 0 && ms < HOUR_MS ? words : '');
		});
		stopTrying = offerTestTone((key, values) => this._(key, values));
	},
	oneditsave: close,
	oneditcancel: close,
	oneditdelete: close,
});
