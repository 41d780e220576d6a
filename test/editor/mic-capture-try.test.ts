import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeWav } from '../../lib/audio/wav.ts';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { findRun, noise, sine } from '../lab/signals.ts';
import type { SoundCard } from '../lab/sound-card.ts';
import { DeviceList, NO_DEVICES, refusals } from './device-list.ts';
import { field, hasGone, isRunning, startSoundDialog, stopSoundDialog } from './sound-dialog.ts';

const skip = needs('chromium', 'pulseaudio', 'alsa-utils', 'gcc', 'naudiodon');
const RATE = 16_000;

const flow: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Microphone' },
	sink('sink', 'tab'),
	{
		id: 'old',
		type: 'mic-capture',
		z: 'tab',
		x: 300,
		y: 100,
		source: 'alsa',
		device: 'vmic',
		wires: [['sink'], []],
	},
];

describe('a microphone that is tried in its dialog, on a virtual sound card', { skip }, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let editor: Editor;

	const press = (what: 'meter' | 'record') => editor.page.locator(`#mic-capture-${what}`).click();
	const says = async (words: string | RegExp) => {
		const state = editor.page.locator('.mic-capture-try-state', { hasText: words });
		await state.waitFor();
		return (await state.textContent()) ?? '';
	};
	/** Waits for a level within a decibel of this; the meter goes on. */
	const shows = (rms: number, peak: number) =>
		editor.page.waitForFunction(
			`(() => {
				const [, rms, peak] = /(-?[\\d.]+) dBFS \\(peak (-?[\\d.]+)\\)/.exec($('.mic-capture-try-state').text()) ?? [];
				return Math.abs(rms - ${rms}) <= 1 && Math.abs(peak - ${peak}) <= 1;
			})()`,
		);
	const isFree = () => hasGone(nodeRed, /arecord/);

	async function showsLevel(source: 'alsa' | 'portaudio') {
		const id = await editor.addNode('mic-capture', { x: 300, y: 300 });
		await editor.open(id);
		await editor.fill({ [field('source')]: source, [field('device')]: 'vmic' });
		await press('meter');
		const rms = (amplitude: number) => 20 * Math.log10(amplitude / Math.SQRT2 / 32_768);
		for (const amplitude of [10_000, 1000]) {
			const feed = card.feed(sine(60 * RATE, 440, RATE, amplitude));
			await shows(rms(amplitude), 20 * Math.log10(amplitude / 32_768));
			if (amplitude === 10_000) await editor.screenshot(`mic-capture-meter-${source}`);
			feed.stop();
			await feed.done;
		}
		assert.deepEqual(await editor.clipped(), []);
		await shows(-120, -120);
		// The dialog goes, and the device with it.
		await editor.cancel();
		if (source === 'alsa') await isFree();
	}

	before(async () => {
		({ card, nodeRed, editor } = await startSoundDialog('mic-capture', flow, { rate: RATE, height: 1100 }));
	});
	after(() => stopSoundDialog({ card, nodeRed, editor }));

	it('shows the level of what is fed, before anything is deployed, with alsa', () => showsLevel('alsa'));

	it('records three seconds, sample by sample, and plays them in the page', async () => {
		await editor.open('old');
		const fed = noise(60 * RATE);
		const feed = card.feed(fed);
		await press('record');
		await says('This is what the microphone hears');
		feed.stop();
		await feed.done;
		const base64 = (await editor.page.evaluate(`fetch($('.mic-capture-recording').attr('src'))
			.then((answer) => answer.arrayBuffer())
			.then((wav) => btoa(Array.from(new Uint8Array(wav), (byte) => String.fromCharCode(byte)).join('')))`)) as string;
		const { pcm, format } = decodeWav(Buffer.from(base64, 'base64'));
		assert.deepEqual([format, pcm.length], [{ sampleRate: RATE, channels: 1 }, 3 * RATE * 2]);
		const run = findRun(pcm, fed);
		assert.ok(run.exact && run.frames > 2 * RATE, run.summary);
		assert.equal(await editor.page.locator('.mic-capture-recording').isVisible(), true);
		await editor.page.waitForFunction(`$('.mic-capture-recording')[0].duration === 3`);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('mic-capture-recorded');
		await editor.cancel();
		await isFree();
	});

	it('one follows the other at once, and a deployed node opens the device after it', async () => {
		await editor.open('old');
		await press('meter');
		await says(/dBFS/);
		assert.ok(isRunning(nodeRed, /arecord/));
		await press('record');
		await says('This is what the microphone hears');
		await press('meter');
		await says(/dBFS/);
		await press('meter');
		await isFree();
		await editor.cancel();
		await nodeRed.send('old', { payload: true });
		await nodeRed.waitFor('old');
		await nodeRed.send('old', { payload: false });
		await nodeRed.waitFor('old', (message) => message['complete'] === true);
		await isFree();
	});

	it('says what keeps it from listening: busy, not there, a setting', async () => {
		await editor.open('old');
		card.setBusy('vmic', true);
		await press('meter');
		assert.match(await says('MIC_DEVICE_BUSY'), /vmic.*:.*\(MIC_DEVICE_BUSY\)/);
		await press('record');
		await says('MIC_DEVICE_BUSY');
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('mic-capture-busy');
		card.setBusy('vmic', false);
		await editor.fill({ [field('device')]: 'no-such-microphone' });
		await press('record');
		assert.match(await says('MIC_DEVICE_NOT_FOUND'), /vmic/);
		await editor.fill({ [field('device')]: `\${MICROPHONE}` });
		await press('meter');
		await says('comes from the environment');
		await editor.fill({ [field('device')]: 'vmic', [field('sampleRate')]: '12' });
		assert.deepEqual(await editor.marked(), [field('sampleRate')]);
		await press('meter');
		await says('"sampleRate" is "12"');
		assert.equal(refusals(editor, /status of (400|404|409)/), 5);
		await editor.cancel();
	});

	it('tells when the device goes away while the meter runs', async () => {
		await editor.open('old');
		await press('meter');
		await says(/dBFS/);
		await card.kill();
		await says('MIC_STALLED');
		await card.restart();
		await press('meter');
		await says(/dBFS/);
		await editor.cancel();
		await isFree();
	});

	it('offers to try devices only', async () => {
		await editor.open('old');
		for (const source of ['file', 'browser']) {
			await editor.fill({ [field('source')]: source });
			assert.equal(await editor.page.locator('#mic-capture-meter').isVisible(), false, source);
			// And not to those who ask without the dialog: what a file holds is no business of theirs.
			const asked = await fetch(`${nodeRed.url}/voice/mic-capture/record`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ source }),
			});
			assert.deepEqual([asked.status, ((await asked.json()) as { code: string }).code], [400, 'MIC_FORMAT']);
		}
		const form = await fetch(`${nodeRed.url}/voice/mic-capture/record`, {
			method: 'POST',
			body: new URLSearchParams({ source: 'alsa', device: 'vmic' }),
		});
		assert.equal(form.status, 400);
		await editor.cancel();
	});

	// The last one: PortAudio's process stays for a while.
	it('shows the level with PortAudio, too', () => showsLevel('portaudio'));
});

describe('a microphone in the editor, for a user who may not use devices', { skip }, () => {
	it('says politely that they cannot be seen and tried; a name can be entered', async () => {
		const adminAuth = { type: 'credentials', users: [], default: { permissions: NO_DEVICES } };
		const nodeRed = await startNodeRed({ flow, settings: { adminAuth } });
		const editor = await openEditor(nodeRed, { width: 830 });
		try {
			await editor.open('old');
			const list = new DeviceList(editor, 'mic-capture');
			await list.problem.waitFor();
			assert.match((await list.problem.textContent()) ?? '', /takes the permission mic-capture\.read/);
			assert.deepEqual(await editor.read(field('device')), { [field('device')]: 'vmic' });
			await editor.fill({ [field('device')]: 'another' });
			for (const what of ['meter', 'record']) {
				await editor.page.locator(`#mic-capture-${what}`).click();
				await editor.page.locator('.mic-capture-try-state', { hasText: 'You may not try devices' }).waitFor();
			}
			assert.deepEqual(await editor.clipped(), []);
			await editor.screenshot('mic-capture-forbidden');
			assert.equal(refusals(editor, /status of 401/), 3);
		} finally {
			await editor.close();
			await nodeRed.stop();
		}
	});
});
