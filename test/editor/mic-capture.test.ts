import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeWav } from '../../lib/audio/wav.ts';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { findRun, noise, sine } from '../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { clippedWhenLonger, DeviceList, NO_DEVICES, reasonFor, refusals } from './device-list.ts';

const skip = needs('chromium', 'pulseaudio', 'alsa-utils', 'gcc', 'naudiodon');
const RATE = 16_000;
const field = (name: string) => `node-input-${name}`;
const fields = (values: Record<string, string | boolean>) =>
	Object.fromEntries(Object.entries(values).map(([name, value]) => [field(name), value]));

/** As a flow that was written by hand may have it: what is not set is not there. */
function mic(id: string, settings: object): FlowNode {
	return { id, type: 'mic-capture', z: 'tab', x: 300, y: 0, ...settings, wires: [['sink'], []] };
}

const flow: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Microphone' },
	sink('sink', 'tab'),
	mic('old', { source: 'alsa', device: 'vmic', y: 100 }),
	mic('gone', { source: 'alsa', device: 'unplugged', trigger: 'speech', y: 150, d: true }),
	mic('odd', {
		...{
			source: 'alsa',
			device: `\${DEVICE}`,
			trigger: `\${TRIGGER}`,
			autostart: `\${START}`,
			y: 200,
			d: true,
		},
		...{ muteWhilePlaying: 'false', sampleRate: `\${RATE}`, preRollMs: '' },
	}),
];

describe('a microphone in the editor, on a virtual sound card', { skip }, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let list: DeviceList;

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
	const isRunning = () => nodeRed.children().some(({ command }) => /arecord/.test(command));
	// PortAudio's own process stays for a while.
	const isFree = async () => {
		while (isRunning()) await sleep(20);
	};
	const isUntouched = async (id: string) =>
		(await editor.page.evaluate(`RED.nodes.node('${id}').changed`)) !== true;

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
		card = await startSoundCard({ rate: RATE, awkward: true });
		nodeRed = await startNodeRed({ flow, env: card.env });
		// As narrow as Node-RED lets a dialog be.
		editor = await openEditor(nodeRed, { width: 830, height: 1100 });
		list = new DeviceList(editor, 'mic-capture');
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
			await card?.stop();
		}
	});

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
		assert.ok(isRunning());
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

	it('offers the devices of the machine: default, rates, refresh', async () => {
		await editor.open('old');
		await list.answered();
		const options = await list.options();
		assert.deepEqual([options[0], options.at(-1)], ["the system's default (default)", 'other …']);
		assert.ok(options.includes('default (default, Virtual default)'), options.join('; '));
		assert.deepEqual([await list.chosen(), await list.field.isVisible()], ['vmic (Virtual vmic)', false]);
		assert.equal(await list.problem.count(), 0);
		await editor.fill({ [field('device')]: '' });
		assert.deepEqual(await editor.read(field('device')), { [field('device')]: '' });
		assert.equal(await list.note.textContent(), 'default, Virtual default');

		// With the keyboard; and it says that it looks.
		const release = await list.hold();
		await list.refresh.focus();
		await editor.page.keyboard.press('Enter');
		assert.equal(await list.refresh.getAttribute('aria-busy'), 'true');
		await list.refresh.locator('.fa-spin').waitFor();
		assert.match((await list.note.textContent()) ?? '', /looking/);
		await release('continue');
		assert.deepEqual(await list.options(), options);
		assert.equal(await list.refresh.locator('.fa-spin').count(), 0);

		await editor.fill({ [field('source')]: 'portaudio' });
		await list.answered();
		assert.match(
			(await list.options()).join('; '),
			/^the system's default \(default\); .*vmic \(44100 Hz\); /,
		);
		await editor.screenshot('mic-capture-devices');
		await editor.cancel();
		assert.ok(await isUntouched('old'));
	});

	it('keeps a device that is not there, and says so; takes any other name', async () => {
		await editor.open('gone');
		await list.answered();
		assert.equal(await list.chosen(), 'unplugged – not there now');
		assert.match((await list.problem.textContent()) ?? '', /not in the list/);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('mic-capture-missing');
		await editor.fill({ [field('device')]: `\${MICROPHONE}` });
		assert.deepEqual([await list.chosen(), await list.problem.count()], ['other …', 0]);
		await editor.fill({ [field('device')]: 'elsewhere' });
		assert.deepEqual([await list.field.isVisible(), await list.problem.count()], [true, 1]);
		await editor.fill({ [field('device')]: 'vmic' });
		assert.deepEqual([await list.field.isVisible(), await list.problem.count()], [false, 0]);

		// A name can be typed also when nobody tells which there are.
		const release = await list.hold();
		await list.refresh.click();
		await release('abort');
		assert.match((await list.problem.textContent()) ?? '', /does not tell which devices/);
		assert.deepEqual([await list.choice.isVisible(), await list.field.isVisible()], [false, true]);
		assert.deepEqual(await editor.clipped(), []);
		await editor.screenshot('mic-capture-no-list');
		await editor.fill({ [field('device')]: 'typed' });
		await list.refresh.click();
		await list.choice.waitFor();
		assert.deepEqual(await editor.read(field('device')), { [field('device')]: 'typed' });
		assert.equal(refusals(editor, /ERR_FAILED/), 1);
		await editor.cancel();
		assert.ok(await isUntouched('gone'));
	});

	it('shows what holds where a flow says nothing, and keeps what a form does not know', async () => {
		await editor.open('old');
		const usual = { trigger: 'control', loop: false, autostart: false, muteWhilePlaying: false };
		const numbers = {
			sampleRate: '16000',
			channels: '1',
			framesPerBuffer: '1024',
			preRollMs: '0',
			maxMs: '0',
		};
		const defaults = fields({ ...usual, ...numbers, silenceStopMs: '0', silenceThresholdDb: '-45' });
		assert.deepEqual(await editor.read(...Object.keys(defaults)), defaults);
		await editor.cancel();
		await editor.open('gone');
		// Hands-free has some where none is set.
		assert.deepEqual(await editor.read(field('preRollMs')), { [field('preRollMs')]: '300' });
		await editor.cancel();
		assert.ok((await isUntouched('old')) && (await isUntouched('gone')), 'to look is no change');

		await editor.open('odd');
		const { device, trigger, autostart, sampleRate, preRollMs } = flow.find(({ id }) => id === 'odd')!;
		const stored = { device, trigger, sampleRate, preRollMs } as Record<string, string>;
		assert.deepEqual(await editor.read(...Object.keys(fields(stored))), fields(stored));
		assert.equal(await editor.field(field('muteWhilePlaying')).isChecked(), false);
		assert.deepEqual([await editor.marked(), await list.problem.count()], [[], 0]);
		await editor.fill({ [field('name')]: 'Odd' });
		await editor.save();
		const saved = (await editor.exported()).find(({ id }) => id === 'odd')!;
		for (const [name, value] of Object.entries({ ...stored, autostart }))
			assert.equal(saved[name], value, name);
		await editor.open('odd');
		// Until somebody decides.
		await editor.page.locator('label', { hasText: 'start when the flow starts' }).click();
		await editor.save();
		assert.equal((await editor.exported()).find(({ id }) => id === 'odd')!['autostart'], true);
	});

	it('marks what cannot be, and says why; has room for longer words', async () => {
		await editor.open('old');
		await editor.fill(fields({ preRollMs: '60000', sampleRate: '192000', channels: '8' }));
		assert.deepEqual(await editor.marked(), [field('preRollMs')]);
		assert.match(await reasonFor(editor, field('preRollMs')), /takes too much memory/);
		await editor.fill(fields({ channels: '1', silenceStopMs: '500', silenceThresholdDb: '1', maxMs: 'x' }));
		assert.deepEqual(await editor.marked(), [field('maxMs'), field('silenceThresholdDb')]);
		assert.match(await reasonFor(editor, field('silenceThresholdDb')), /A number from -120 to 0/);
		// What has no use any more is neither seen nor judged.
		await editor.fill(fields({ maxMs: '', silenceStopMs: '0', source: 'file' }));
		assert.deepEqual(await editor.marked(), [field('file')]);
		await editor.fill(fields({ file: 'x.wav', trigger: 'speech', silenceThresholdDb: '-40' }));
		assert.deepEqual([await editor.marked(), await editor.clipped()], [[], []]);
		await editor.fill(fields({ source: 'browser' }));
		assert.deepEqual(await editor.marked(), [field('path')]);
		await editor.fill(fields({ source: 'alsa', trigger: 'control', device: 'elsewhere' }));
		assert.deepEqual(await clippedWhenLonger(editor), []);
		await editor.screenshot('mic-capture-long');
		await editor.cancel();
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

	it('keeps every value: drag, open, change, save, deploy, reopen', async () => {
		const id = await editor.addNode('mic-capture', { x: 300, y: 400 });
		const values: Record<string, string | boolean> = {
			name: 'Kitchen',
			topic: 'kitchen',
			source: 'portaudio',
			device: 'vmic',
			autostart: true,
			muteWhilePlaying: true,
			sampleRate: '48000',
			channels: '2',
			framesPerBuffer: '2048',
			preRollMs: '250',
			maxMs: '60000',
			startTimeoutMs: '9000',
			silenceStopMs: '1500',
			silenceThresholdDb: '-50',
			recordMaxMs: '120000',
		};
		await editor.open(id);
		await editor.fill(fields(values));
		assert.equal(await editor.page.locator('.mic-capture-frames-ms').textContent(), '= 42.7 ms');
		await editor.save();
		assert.deepEqual(await editor.complaints(id), []);
		const stored = (await editor.deploy()).find((node) => node.id === id);
		for (const [name, value] of Object.entries(values))
			assert.equal(String(stored?.[name]), String(value), name);
		await editor.open(id);
		assert.deepEqual(await editor.read(...Object.keys(fields(values))), fields(values));
		await editor.save();
		assert.ok(await editor.isDeployed(), 'to look is no change');
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
