import type { EditorNodeProperties } from 'node-red';
import { pagePath } from '../../lib/browser/path.ts';
import { follow, offerDevices } from '../../lib/editor/dialog.ts';
import { isEnvironment, number, reasoned } from '../../lib/editor/validators.ts';
import { offerTries } from './try.editor.ts';

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
	muteWhilePlaying: boolean;
	autostart: boolean;
	recordMaxMs: number | string;
}

const DAY_MS = 86_400_000;
/** What a microphone that waits for speech cannot do without, for fields that say 'none'. */
const HANDS_FREE = { preRollMs: 300, silenceStopMs: 800 };

/** A node as the editor has it. */
type Stored = Partial<MicCaptureProperties> & { id?: string; _?: (key: string) => string };

/** The node whose dialog is open. */
let edited: unknown;
let stopTrying = () => {};

function close(): void {
	edited = undefined;
	stopTrying();
}

/** In an open dialog it is what is chosen there that counts. */
const sourceOf = (node: Stored): unknown => (edited === node ? $('#node-input-source').val() : node.source);

/** Where browsers find a path; undefined while there is none. */
function addressOf(path: unknown): string | undefined {
	const { httpNodeRoot } = RED.settings as { httpNodeRoot?: unknown };
	const used = pagePath(String(path ?? ''));
	if (used === undefined) return undefined;
	return `${location.origin}${String(httpNodeRoot || '/').replace(/\/$/, '')}${used}/`;
}

function isUsedTwice(own: Stored, path: string): boolean {
	let twice = false;
	RED.nodes.eachNode((node) => {
		const { type, id, d, source, path: other } = node as Stored & { type?: string; d?: boolean };
		if (type === 'mic-capture' && source === 'browser' && !d && id !== own.id)
			twice ||= pagePath(String(other ?? '')) === path;
		return !twice;
	});
	return twice;
}

const isNone = (field: HTMLElement) => ['', '0'].includes(String($(field).val()).trim());

RED.nodes.registerType<MicCaptureProperties>('mic-capture', {
	category: 'voice',
	color: '#C0DEED',
	defaults: {
		name: { value: '' },
		topic: { value: '' },
		source: { value: 'auto', required: true },
		device: { value: '' },
		path: {
			value: '',
			validate: reasoned(function (this: Stored, value) {
				if (sourceOf(this) !== 'browser' || isEnvironment(value)) return undefined;
				const used = pagePath(String(value ?? ''));
				const problem = used === undefined ? 'badPath' : isUsedTwice(this, used) && 'pathTwice';
				return problem ? (this._?.(`mic-capture.error.${problem}`) ?? problem) : undefined;
			}),
		},
		file: {
			value: '',
			validate(value: string) {
				return sourceOf(this) !== 'file' || String(value ?? '').trim() !== '';
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
		muteWhilePlaying: { value: false },
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
		edited = this;
		const source = $('#node-input-source');
		follow(source, () => {
			const chosen = String(source.val());
			const card = chosen !== 'file' && chosen !== 'browser';
			$('.mic-capture-device').toggle(card);
			$('.mic-capture-file').toggle(chosen === 'file');
			$('.mic-capture-browser').toggle(chosen === 'browser');
			// In a page it is its user who begins.
			$('.mic-capture-unasked').toggle(chosen !== 'browser');
			if (card) offerDevices('mic-capture', 'source', (key) => this._(key));
			// Whether these may be empty depends on it.
			$('#node-input-path, #node-input-file').trigger('change');
		});

		const path = $('#node-input-path');
		follow(path, () => {
			const address = addressOf(path.val());
			$('.mic-capture-address')
				.text(address ?? '…')
				.attr('href', address ?? null);
		});

		const frames = $('#node-input-framesPerBuffer');
		const rate = $('#node-input-sampleRate');
		follow(frames.add(rate), () => {
			const ms = (Number(frames.val()) * 1000) / Number(rate.val());
			$('.mic-capture-frames-ms').text(ms > 0 && ms < DAY_MS ? `= ${Math.round(ms * 10) / 10} ms` : '');
		});

		const trigger = $('#node-input-trigger');
		const limits = $('#node-input-startTimeoutMs, #node-input-silenceStopMs');
		follow(limits.add(trigger).add(source), () => {
			const browser = source.val() === 'browser';
			const handsFree = trigger.val() === 'speech' && !browser;
			const used = limits.toArray().some((field) => !isNone(field));
			$('.mic-capture-autostart').toggle(!handsFree && !browser);
			$('.mic-capture-control').toggle(!handsFree);
			$('.mic-capture-speech').toggle(handsFree);
			$('.mic-capture-silence').toggle(used || handsFree);
		});
		// Not when the dialog opens: a stored value must not change because somebody looks.
		let before = trigger.val();
		trigger.on('change', () => {
			const chosen = before !== 'speech' && trigger.val() === 'speech';
			before = trigger.val();
			if (!chosen) return;
			for (const [name, value] of Object.entries(HANDS_FREE))
				$(`#node-input-${name}`).each((_, field) => {
					if (isNone(field)) $(field).val(value).trigger('change');
				});
		});
		stopTrying = offerTries((key, values) => this._(key, values));
	},
	oneditsave: close,
	oneditcancel: close,
	oneditdelete: close,
});
