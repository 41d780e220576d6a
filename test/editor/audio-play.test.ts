import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testTone } from '../../nodes/audio-play/test-tone.ts';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { findRun } from '../lab/signals.ts';
import type { SoundCard } from '../lab/sound-card.ts';
import { clippedWhenLonger, DeviceList, NO_DEVICES, reasonFor, refusals } from './device-list.ts';
import { field, fields, hasGone, isRunning, startSoundDialog, stopSoundDialog } from './sound-dialog.ts';

const skip = needs('chromium', 'pulseaudio', 'alsa-utils', 'gcc');

/** As a flow that was written by hand may have it: what is not set is not there. */
function play(id: string, settings: object): FlowNode {
	return { id, type: 'audio-play', z: 'tab', x: 300, y: 0, ...settings, wires: [['sink']] };
}

const flow: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Sound' },
	sink('sink', 'tab'),
	play('old', { backend: 'alsa', device: 'vspk', y: 100 }),
	play('odd', {
		...{
			backend: `\${BACKEND}`,
			device: 'elsewhere',
			mode: `\${MODE}`,
			volume: `\${VOLUME}`,
			maxQueueMs: '',
		},
		...{ y: 150, d: true },
	}),
];

describe('a loudspeaker in the editor, on a virtual sound card', { skip }, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let list: DeviceList;

	const tone = () => editor.page.locator('#audio-play-tone');
	const says = async (words: string) => {
		const state = editor.page.locator('.audio-play-tone-state', { hasText: words });
		await state.waitFor();
		return (await state.textContent()) ?? '';
	};
	const isFree = () => hasGone(nodeRed, /aplay/);
	const visible = (name: string) => editor.field(field(name)).isVisible();

	before(async () => {
		({ card, nodeRed, editor, list } = await startSoundDialog('audio-play', flow, {
			rate: 48_000,
			height: 1000,
		}));
	});
	after(() => stopSoundDialog({ card, nodeRed, editor }));

	async function plays(backend: 'alsa' | 'portaudio') {
		const id = await editor.addNode('audio-play', { x: 300, y: 300 });
		await editor.open(id);
		card.clearSpoken();
		await editor.fill(fields({ backend, device: 'vspk' }));
		await tone().click();
		await says('The tone was played');
		const pcm = testTone();
		const run = findRun(card.spoken(), pcm);
		assert.ok(run.exact && run.frames > (pcm.length / 2) * 0.99, run.summary);
		await editor.screenshot(`audio-play-${backend}`);
		assert.deepEqual(await editor.clipped(), []);
		await editor.cancel();
	}

	it('plays a test tone before anything is deployed, with alsa', () => plays('alsa'));

	it('plays at the volume of the dialog, and what it leaves is free', async () => {
		await editor.open('old');
		card.clearSpoken();
		await editor.fill({ [field('volume')]: '0' });
		await tone().click();
		await says('The tone was played');
		assert.ok(card.spoken().length > 48_000 && card.spoken().every((byte) => byte === 0));
		await editor.cancel();
		await isFree();
		// The deployed node still has its device.
		const pcm = testTone();
		card.clearSpoken();
		await nodeRed.send('old', { payload: pcm, audio: { sampleRate: 48_000, channels: 1 }, complete: true });
		await nodeRed.waitFor('old');
		assert.ok(findRun(card.spoken(), pcm).exact);
	});

	it('says what keeps it from playing: busy, not there, a setting', async () => {
		await editor.open('old');
		card.setBusy('vspk', true);
		await tone().click();
		assert.match(await says('PLAY_DEVICE_BUSY'), /vspk.*:.*\(PLAY_DEVICE_BUSY\)/);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('audio-play-busy');
		card.setBusy('vspk', false);
		await editor.fill({ [field('device')]: 'no-such-speaker' });
		await tone().click();
		assert.match(await says('PLAY_DEVICE_NOT_FOUND'), /vspk/);
		// ALSA's plugins write files.
		await editor.fill({ [field('device')]: `file:'/tmp/x',raw` });
		await tone().click();
		await says('is not in the list');
		await editor.fill({ [field('device')]: `\${SPEAKER}` });
		await tone().click();
		await says('comes from the environment');
		await editor.fill({ [field('device')]: 'vspk', [field('volume')]: '101' });
		assert.deepEqual(await editor.marked(), [field('volume')]);
		await tone().click();
		await says('"volume" is "101"');
		assert.equal(refusals(editor, /status of (400|404|409)/), 5);
		await editor.cancel();
	});

	it('falls silent when the dialog is closed', async () => {
		const whole = findRun(testTone(), testTone()).frames;
		let heard = whole;
		// On a busy machine the tone may be over before the dialog is.
		for (let round = 0; round < 5 && heard >= whole * 0.99; round++) {
			await editor.open('old');
			card.clearSpoken();
			await tone().click();
			while (!isRunning(nodeRed, /aplay/)) await sleep(20);
			await editor.cancel();
			await isFree();
			heard = findRun(card.spoken(), testTone()).frames;
		}
		assert.ok(heard < whole * 0.99, `${heard} of ${whole} frames`);
		// At once, and not only when the tone would have been over.
		await editor.open('old');
		await tone().click();
		await says('The tone was played');
		await editor.cancel();
	});

	it('shows what applies to the backend, and marks what cannot be', async () => {
		await editor.open('old');
		assert.equal(await editor.page.locator('.audio-play-frames-ms').isVisible(), false);
		await editor.fill({ [field('backend')]: 'portaudio', [field('framesPerBuffer')]: '4800' });
		assert.equal(await editor.page.locator('.audio-play-frames-ms').textContent(), '= 100 ms at 48000 Hz');
		await editor.fill({ [field('rawSampleRate')]: '16000' });
		assert.equal(await editor.page.locator('.audio-play-frames-ms').textContent(), '= 300 ms at 16000 Hz');
		assert.equal(await visible('file'), false);
		await editor.fill({ [field('backend')]: 'file' });
		assert.deepEqual(
			[await visible('file'), await visible('device'), await tone().isVisible()],
			[true, false, false],
		);
		assert.deepEqual(await editor.marked(), [field('file')]);
		assert.match(await reasonFor(editor, field('file')), /path of a WAV file is missing/);
		// What has no use is neither seen nor judged.
		await editor.fill(fields({ backend: 'portaudio', framesPerBuffer: '1.5', rawChannels: '0' }));
		assert.deepEqual(await editor.marked(), [field('framesPerBuffer'), field('rawChannels')]);
		await editor.fill(fields({ backend: 'alsa', rawSampleRate: '0' }));
		assert.deepEqual([await editor.marked(), await visible('rawChannels')], [[], false]);
		await editor.fill(fields({ rawSampleRate: '8000', rawChannels: '2', device: 'elsewhere' }));
		assert.deepEqual(await clippedWhenLonger(editor), []);
		await editor.screenshot('audio-play-long');
		await editor.cancel();
	});

	it('offers the devices of the machine; keeps one that is not there, and says so', async () => {
		await editor.open('old');
		await list.answered();
		const options = await list.options();
		assert.deepEqual([options[0], options.at(-1)], ['the default device (default)', 'other …']);
		assert.deepEqual([await list.chosen(), await list.problem.count()], ['vspk (Virtual vspk)', 0]);
		await editor.fill(fields({ device: 'unplugged' }));
		assert.match((await list.problem.textContent()) ?? '', /not in the list/);
		await editor.fill(fields({ backend: 'portaudio' }));
		await list.answered();
		assert.equal(await list.chosen(), 'unplugged – not there now');
		assert.match((await list.options()).join('; '), /; default \(default, 44100 Hz\); /);
		await editor.screenshot('audio-play-devices');
		await editor.cancel();
	});

	it('shows what holds where a flow says nothing, and keeps what a form does not know', async () => {
		await editor.open('old');
		const numbers = { volume: '100', maxQueueMs: '60000', streamIdleMs: '5000', rawSampleRate: '0' };
		const defaults = fields({ mode: 'queue', framesPerBuffer: '4096', rawChannels: '1', ...numbers });
		assert.deepEqual(await editor.read(...Object.keys(defaults)), defaults);
		await editor.cancel();
		assert.notEqual(
			await editor.page.evaluate(`RED.nodes.node('old').changed`),
			true,
			'to look is no change',
		);

		await editor.open('odd');
		const { backend, device, mode, volume, maxQueueMs } = flow.find(({ id }) => id === 'odd')!;
		const stored = { backend, device, mode, volume, maxQueueMs } as Record<string, string>;
		assert.deepEqual(await editor.read(...Object.keys(fields(stored))), fields(stored));
		assert.deepEqual([await editor.marked(), await list.field.isVisible()], [[], true]);
		await editor.fill(fields({ name: 'Odd' }));
		await editor.save();
		const saved = (await editor.exported()).find(({ id }) => id === 'odd')!;
		for (const [name, value] of Object.entries(stored)) assert.equal(saved[name], value, name);
	});

	it('keeps every value: drag, open, change, save, deploy, reopen', async () => {
		const id = await editor.addNode('audio-play', { x: 300, y: 400 });
		const values: Record<string, string> = {
			name: 'Kitchen',
			backend: 'portaudio',
			device: 'vspk',
			mode: 'interrupt',
			volume: '70',
			maxQueueMs: '30000',
			framesPerBuffer: '2048',
			streamIdleMs: '4000',
			rawSampleRate: '22050',
			rawChannels: '2',
		};
		await editor.open(id);
		await editor.fill(fields(values));
		await editor.save();
		assert.deepEqual(await editor.complaints(id), []);
		const stored = (await editor.deploy()).find((node) => node.id === id);
		for (const [name, value] of Object.entries(values)) assert.equal(String(stored?.[name]), value, name);
		await editor.open(id);
		assert.deepEqual(await editor.read(...Object.keys(fields(values))), fields(values));
		await editor.save();
		assert.ok(await editor.isDeployed(), 'to look is no change');
	});

	// The last one: PortAudio's process stays for a while.
	it('plays a test tone with PortAudio, too', { skip: needs('naudiodon') }, () => plays('portaudio'));
});

describe('a loudspeaker in the editor, for a user who may not use devices', { skip }, () => {
	it('says politely that they cannot be seen and tried', async () => {
		const adminAuth = { type: 'credentials', users: [], default: { permissions: NO_DEVICES } };
		const nodeRed = await startNodeRed({ flow, settings: { adminAuth } });
		const editor = await openEditor(nodeRed, { width: 830 });
		try {
			await editor.open('old');
			const { problem } = new DeviceList(editor, 'audio-play');
			await problem.waitFor();
			assert.match((await problem.textContent()) ?? '', /takes the permission audio-play\.read/);
			await editor.page.locator('#audio-play-tone').click();
			await editor.page.locator('.audio-play-tone-state', { hasText: 'You may not try devices' }).waitFor();
			assert.deepEqual(await editor.clipped(), []);
			await editor.screenshot('audio-play-forbidden');
			assert.equal(refusals(editor, /status of 401/), 2);
		} finally {
			await editor.close();
			await nodeRed.stop();
		}
	});
});
