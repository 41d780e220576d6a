import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Editor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, sink } from '../lab/node-red.ts';
import type { SoundCard } from '../lab/sound-card.ts';
import { clippedWhenLonger, type DeviceList, reasonFor, refusals } from './device-list.ts';
import { field, fields, startSoundDialog, stopSoundDialog } from './sound-dialog.ts';

const skip = needs('chromium', 'pulseaudio', 'alsa-utils', 'gcc', 'naudiodon');
const RATE = 16_000;

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

describe('the settings of a microphone in the editor, on a virtual sound card', { skip }, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	let editor: Editor;
	let list: DeviceList;

	const isUntouched = async (id: string) =>
		(await editor.page.evaluate(`RED.nodes.node('${id}').changed`)) !== true;

	before(async () => {
		({ card, nodeRed, editor, list } = await startSoundDialog('mic-capture', flow, {
			rate: RATE,
			height: 1100,
		}));
	});
	after(() => stopSoundDialog({ card, nodeRed, editor }));

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
});
