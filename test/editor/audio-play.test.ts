import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testTone } from '../../nodes/audio-play/test-tone.ts';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { findRun } from '../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';

const skip = needs('chromium', 'pulseaudio', 'alsa-utils', 'gcc');
const field = (name: string) => `node-input-${name}`;

const flow: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Sound' },
	sink('sink', 'tab'),
	{
		id: 'old',
		type: 'audio-play',
		z: 'tab',
		x: 300,
		y: 200,
		backend: 'alsa',
		device: 'vspk',
		wires: [['sink']],
	},
];

/** That the browser logs each refusal itself is no problem of the editor; returns how many there were. */
function refusals(editor: Editor, status: RegExp): number {
	const others = editor.problems.filter((problem) => !status.test(problem));
	assert.deepEqual(others, []);
	return editor.problems.splice(0).length;
}

describe('a loudspeaker in the editor, on a virtual sound card', { skip }, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let editor: Editor;

	const tone = () => editor.page.locator('#audio-play-tone');
	const says = async (words: string) => {
		const state = editor.page.locator('.audio-play-tone-state', { hasText: words });
		await state.waitFor();
		return (await state.textContent()) ?? '';
	};
	const visible = (name: string) => editor.field(field(name)).isVisible();

	before(async () => {
		card = await startSoundCard({ rate: 48_000, awkward: true });
		nodeRed = await startNodeRed({ flow, env: card.env });
		// As narrow as Node-RED lets a dialog be.
		editor = await openEditor(nodeRed, { width: 830, height: 1000 });
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
			await card?.stop();
		}
	});

	for (const backend of ['alsa', 'portaudio'])
		it(`plays a test tone before anything is deployed, with ${backend}`, {
			skip: needs('naudiodon'),
		}, async () => {
			const id = await editor.addNode('audio-play', { x: 300, y: 300 });
			await editor.open(id);
			card.clearSpoken();
			await editor.fill({ [field('backend')]: backend, [field('device')]: 'vspk' });
			await tone().click();
			await says('The tone was played');
			const pcm = testTone();
			const run = findRun(card.spoken(), pcm);
			assert.ok(run.exact && run.frames > (pcm.length / 2) * 0.99, run.summary);
			await editor.screenshot(`audio-play-${backend}`);
			assert.deepEqual(await editor.clipped(), []);
			await editor.cancel();
		});

	it('plays at the volume of the dialog, and what it leaves is free', async () => {
		await editor.open('old');
		card.clearSpoken();
		await editor.fill({ [field('volume')]: '0' });
		await tone().click();
		await says('The tone was played');
		assert.ok(card.spoken().length > 48_000 && card.spoken().every((byte) => byte === 0));
		await editor.cancel();
		await nodeRed.waitForNoChildren();
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
			while (!nodeRed.children().some(({ command }) => /aplay/.test(command))) await sleep(20);
			await editor.cancel();
			await nodeRed.waitForNoChildren();
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
		await editor.cancel();
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
		await editor.fill(
			Object.fromEntries(Object.entries(values).map(([name, value]) => [field(name), value])),
		);
		await editor.save();
		assert.deepEqual(await editor.complaints(id), []);
		const stored = (await editor.deploy()).find((node) => node.id === id);
		for (const [name, value] of Object.entries(values)) assert.equal(String(stored?.[name]), value, name);
		await editor.open(id);
		const shown = await editor.read(...Object.keys(values).map(field));
		assert.deepEqual(
			shown,
			Object.fromEntries(Object.entries(values).map(([name, value]) => [field(name), value])),
		);
		await editor.cancel();
	});
});

describe('a loudspeaker in the editor, for a user who may only look', { skip }, () => {
	it('says politely that devices cannot be tried', async () => {
		const adminAuth = { type: 'credentials', users: [], default: { permissions: 'read' } };
		const nodeRed = await startNodeRed({ flow, settings: { adminAuth } });
		const editor = await openEditor(nodeRed, { width: 830 });
		try {
			await editor.open('old');
			await editor.page.locator('#audio-play-tone').click();
			await editor.page.locator('.audio-play-tone-state', { hasText: 'You may not try devices' }).waitFor();
			assert.deepEqual(await editor.clipped(), []);
			await editor.screenshot('audio-play-forbidden');
			assert.equal(refusals(editor, /status of 401/), 1);
		} finally {
			await editor.close();
			await nodeRed.stop();
		}
	});
});
