import type { EditorNodeProperties } from 'node-red';
import { pagePath } from '../../lib/browser/path.ts';
import { Checks, type Judge } from '../../lib/editor/checks.ts';
import { offerDevices } from '../../lib/editor/devices.ts';
import { follow, showWhatApplies } from '../../lib/editor/dialog.ts';
import { type StoredNode, settingsOf, startEditing, stopEditing } from '../../lib/editor/edited.ts';
import { showNumber, showStored } from '../../lib/editor/stored.ts';
import type { Translate } from '../../lib/editor/try.ts';
import { saveUpgraded, showUpgraded } from '../../lib/editor/upgrade.ts';
import { isOff, type Of } from '../../lib/node/rules.ts';
import { MIGRATIONS } from './migrations.ts';
import { applies, HANDS_FREE, isHandsFree, isPreRollTooLarge, RULES, SOUND_CARDS } from './rules.ts';
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
	version: number;
}

const DAY_MS = 86_400_000;

/** A node as the editor has it. */
type Stored = StoredNode & { readonly id?: string };

const { numbers, choices, flags } = RULES;
const SETTINGS = ['device', 'path', 'file', ...Object.keys({ ...numbers, ...choices, ...flags })];
const checks = new Checks('mic-capture', RULES, applies);

let stopTrying = () => {};
let stopLooking = () => {};

function close(): void {
	stopEditing();
	stopTrying();
	stopLooking();
}

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

const preRoll: Judge = (text, of) => {
	const format = { sampleRate: Number(of('sampleRate')), channels: Number(of('channels')) };
	return isPreRollTooLarge(Number(text), format) ? { key: 'preRollTooLarge' } : undefined;
};

const path: Judge = (text, _of, node) => {
	const used = pagePath(text);
	if (used === undefined) return { key: 'badPath' };
	return isUsedTwice(node, used) ? { key: 'pathTwice' } : undefined;
};

/** Shows what goes with who begins, and fills in what hands-free cannot do without. */
function followTrigger(of: Of, stored: StoredNode): void {
	const trigger = $('#node-input-trigger');
	const preRollMs = $('#node-input-preRollMs');
	// What a flow without it means depends on who begins.
	if (isHandsFree(of)) showNumber('preRollMs', stored['preRollMs'], HANDS_FREE.preRollMs);
	follow(trigger.add('#node-input-source'), () => {
		const handsFree = isHandsFree(of);
		$('.mic-capture-control').toggle(!handsFree);
		$('.mic-capture-speech').toggle(handsFree);
		preRollMs.attr('placeholder', handsFree ? HANDS_FREE.preRollMs : numbers.preRollMs.value);
	});
	// Not when the dialog opens: a stored value must not change because somebody looks.
	let before = trigger.val();
	trigger.on('change', () => {
		const chosen = before !== 'speech' && trigger.val() === 'speech';
		before = trigger.val();
		if (!chosen) return;
		for (const [name, value] of Object.entries(HANDS_FREE))
			if (isOff(of(name))) $(`#node-input-${name}`).val(value).trigger('change');
	});
}

RED.nodes.registerType<MicCaptureProperties>('mic-capture', {
	category: 'voice',
	color: '#5AA6C8',
	defaults: {
		name: { value: '' },
		topic: { value: '' },
		source: { value: choices.source.value, validate: checks.choice('source') },
		device: { value: '' },
		path: { value: '', validate: checks.other('path', path) },
		file: { value: '', validate: checks.other('file', (text) => (text ? undefined : { key: 'noFile' })) },
		loop: { value: flags.loop, validate: checks.flag('loop') },
		sampleRate: { value: numbers.sampleRate.value, validate: checks.number('sampleRate') },
		channels: { value: numbers.channels.value, validate: checks.number('channels') },
		framesPerBuffer: { value: numbers.framesPerBuffer.value, validate: checks.number('framesPerBuffer') },
		preRollMs: { value: numbers.preRollMs.value, validate: checks.number('preRollMs', preRoll) },
		maxMs: { value: numbers.maxMs.value, validate: checks.number('maxMs') },
		startTimeoutMs: { value: numbers.startTimeoutMs.value, validate: checks.number('startTimeoutMs') },
		silenceStopMs: { value: numbers.silenceStopMs.value, validate: checks.number('silenceStopMs') },
		silenceThresholdDb: {
			value: numbers.silenceThresholdDb.value,
			validate: checks.number('silenceThresholdDb'),
		},
		trigger: { value: choices.trigger.value, validate: checks.choice('trigger') },
		muteWhilePlaying: { value: flags.muteWhilePlaying, validate: checks.flag('muteWhilePlaying') },
		autostart: { value: flags.autostart, validate: checks.flag('autostart') },
		recordMaxMs: { value: numbers.recordMaxMs.value, validate: checks.number('recordMaxMs') },
		version: { value: MIGRATIONS.version },
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
		startEditing(this);
		const of = settingsOf(this, RULES);
		const translate: Translate = (key, values) => this._(key, values);
		const today = showUpgraded(this, MIGRATIONS);
		showStored(today, RULES);
		followTrigger(of, today);
		showWhatApplies(SETTINGS, applies, of);
		const source = $('#node-input-source');
		follow(source, () => void $('.mic-capture-card').toggle(applies('device', of)));
		follow($('#node-input-path'), () => {
			const address = addressOf(of('path'));
			$('.mic-capture-address')
				.text(address ?? '…')
				.attr('href', address ?? null);
		});
		follow($('#node-input-framesPerBuffer, #node-input-sampleRate'), () => {
			const ms = (Number(of('framesPerBuffer')) * 1000) / Number(of('sampleRate'));
			const words = translate('mic-capture.framesMs', { ms: String(Math.round(ms * 10) / 10) });
			$('.mic-capture-frames-ms').text(ms > 0 && ms < DAY_MS ? words : '');
		});
		stopLooking = offerDevices('mic-capture', 'source', SOUND_CARDS, translate);
		stopTrying = offerTries(translate);
	},
	oneditsave() {
		saveUpgraded(this, MIGRATIONS);
		close();
	},
	oneditcancel: close,
	oneditdelete: close,
});
