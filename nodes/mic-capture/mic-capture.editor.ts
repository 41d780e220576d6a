import type { EditorNodeProperties } from 'node-red';

interface MicCaptureProperties extends EditorNodeProperties {
	topic: string;
	source: string;
	device: string;
	path: string;
	file: string;
	loop: boolean;
	sampleRate: number | string;
	channels: number | string;
	framesPerBuffer: number | string;
	preRollMs: number | string;
	maxMs: number | string;
	startTimeoutMs: number | string;
	silenceStopMs: number | string;
	silenceThresholdDb: number | string;
	trigger: string;
	autostart: boolean;
	recordMaxMs: number | string;
}

const DAY_MS = 86_400_000;

const isEnvironment = (value: unknown) => /^\$\{[^}]+\}$/.test(String(value));

/** Accepts a number in the range, nothing (the default is used then) and ${ENV}. */
function number(min: number, max: number, whole = false) {
	return (value: unknown): boolean => {
		const text = String(value ?? '').trim();
		if (text === '' || isEnvironment(text)) return true;
		const size = Number(text);
		return size >= min && size <= max && (!whole || Number.isInteger(size));
	};
}

/** Offers the microphones of a source below the text field; any other name may be typed. */
function offerDevices(source: string): void {
	const list = $('#node-input-device-names');
	const problem = $('.mic-capture-device-error').hide();
	$.getJSON('voice/mic-capture/devices', { source }, (devices: { name: string; description: string }[]) => {
		// Answers may overtake one another; that of another source is of no use any more.
		if ($('#node-input-source').val() !== source) return;
		list.empty();
		for (const { name, description } of devices) list.append($('<option>').val(name).text(description));
	}).fail(({ responseJSON }) => {
		const { message } = (responseJSON ?? {}) as { message?: string };
		if (message) problem.text(message).show();
	});
}

RED.nodes.registerType<MicCaptureProperties>('mic-capture', {
	category: 'voice',
	color: '#C0DEED',
	defaults: {
		name: { value: '' },
		topic: { value: '' },
		source: { value: 'auto', required: true },
		device: { value: '' },
		path: { value: '' },
		file: {
			value: '',
			validate(value: string) {
				return this.source !== 'file' || String(value ?? '').trim() !== '';
			},
		},
		loop: { value: false },
		sampleRate: { value: 16_000, validate: number(1000, 384_000, true) },
		channels: { value: 1, validate: number(1, 32, true) },
		framesPerBuffer: { value: 1024, validate: number(1, 1_048_576, true) },
		preRollMs: { value: 0, validate: number(0, 60_000) },
		maxMs: { value: 0, validate: number(0, DAY_MS) },
		startTimeoutMs: { value: 0, validate: number(0, DAY_MS) },
		silenceStopMs: { value: 0, validate: number(0, DAY_MS) },
		silenceThresholdDb: { value: -45, validate: number(-120, 0) },
		trigger: { value: 'control', required: true },
		autostart: { value: false },
		recordMaxMs: { value: 300_000, validate: number(0, DAY_MS) },
	},
	inputs: 1,
	outputs: 2,
	icon: 'mic-capture.svg',
	label() {
		return this.name || this._('mic-capture.paletteLabel');
	},
	paletteLabel() {
		return this._('mic-capture.paletteLabel');
	},
	labelStyle() {
		return this.name ? 'node_label_italic' : '';
	},
	inputLabels() {
		return this._('mic-capture.port.control');
	},
	outputLabels(index) {
		return this._(index === 0 ? 'mic-capture.port.audio' : 'mic-capture.port.recording');
	},
	oneditprepare() {
		const source = $('#node-input-source');
		const showSource = () => {
			const chosen = String(source.val());
			const card = chosen !== 'file' && chosen !== 'browser';
			$('.mic-capture-device').toggle(card);
			$('.mic-capture-file').toggle(chosen === 'file');
			$('.mic-capture-browser').toggle(chosen === 'browser');
			if (card) offerDevices(chosen);
		};
		source.on('change', showSource);
		showSource();

		const frames = $('#node-input-framesPerBuffer');
		const rate = $('#node-input-sampleRate');
		const showMs = () => {
			const ms = (Number(frames.val()) * 1000) / Number(rate.val());
			$('.mic-capture-frames-ms').text(ms > 0 && ms < DAY_MS ? `= ${Math.round(ms * 10) / 10} ms` : '');
		};
		frames.on('input change', showMs);
		rate.on('input change', showMs);
		showMs();

		const limits = $('#node-input-startTimeoutMs, #node-input-silenceStopMs');
		const showThreshold = () => {
			const used = limits.toArray().some((field) => !['', '0'].includes(String($(field).val()).trim()));
			$('.mic-capture-silence').toggle(used);
		};
		limits.on('input change', showThreshold);
		showThreshold();
	},
});
