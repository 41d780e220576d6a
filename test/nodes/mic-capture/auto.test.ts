import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { findCommand } from '../../../lib/process/guarded.ts';
import { needs } from '../../lab/needs.ts';
import { type LabNodeRed, sink, startNodeRed } from '../../lab/node-red.ts';
import { packageRoot } from '../../lab/root.ts';
import { findRun, noise } from '../../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../../lab/sound-card.ts';

const RATE = 16_000;

/** This package as npm installs it where naudiodon cannot be built, with mic-capture only. */
function installWithoutAddons(folder: string): void {
	const dist = join(packageRoot, 'dist');
	cpSync(join(dist, 'lib'), join(folder, 'dist/lib'), { recursive: true });
	cpSync(join(dist, 'nodes/mic-capture'), join(folder, 'dist/nodes/mic-capture'), { recursive: true });
	mkdirSync(join(folder, 'node_modules'));
	for (const name of ['@echogarden', 'ws'])
		symlinkSync(join(packageRoot, 'node_modules', name), join(folder, 'node_modules', name));
	writeFileSync(
		join(folder, 'package.json'),
		JSON.stringify({
			name: 'voice-without-addons',
			version: '1.0.0',
			type: 'module',
			'node-red': { nodes: { 'mic-capture': 'dist/nodes/mic-capture/mic-capture.js' } },
		}),
	);
}

describe('mic-capture where naudiodon is not installed', { skip: needs('pulseaudio', 'alsa-utils') }, () => {
	let folder: string;
	let card: SoundCard;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-mic-plain-'));
		mkdirSync(join(folder, 'package'));
		installWithoutAddons(join(folder, 'package'));
		mkdirSync(join(folder, 'bin'));
		symlinkSync(process.execPath, join(folder, 'bin/node'));
		symlinkSync(findCommand('sh') as string, join(folder, 'bin/sh'));
		card = await startSoundCard({ rate: RATE });
	});
	after(async () => {
		await card.stop();
		await rm(folder, { recursive: true, force: true });
	});

	async function withNodeRed(env: Record<string, string>, use: (nodeRed: LabNodeRed) => Promise<void>) {
		const mic = (id: string, source: string) => ({
			id,
			type: 'mic-capture',
			z: 'tab',
			source,
			device: 'vmic',
			wires: [['sink'], ['sink']],
		});
		const nodeRed = await startNodeRed({
			packageDir: join(folder, 'package'),
			env,
			flow: [
				{ id: 'tab', type: 'tab', label: 'test' },
				sink('sink', 'tab'),
				mic('auto', 'auto'),
				mic('portaudio', 'portaudio'),
			],
		});
		try {
			await use(nodeRed);
		} finally {
			await nodeRed.stop();
		}
	}

	test('portaudio says so, and auto records with arecord', () =>
		withNodeRed(card.env, async (nodeRed) => {
			await nodeRed.send('portaudio', { payload: true });
			const error = await nodeRed.waitForError('portaudio');
			assert.equal(error.code, 'MIC_BACKEND_MISSING');
			assert.match(error.message, /naudiodon/);
			for (const seed of [31, 32]) {
				const before = nodeRed.messages('auto', 0).length;
				await nodeRed.send('auto', { payload: true });
				await nodeRed.waitFor('auto', (_, i) => i >= before, { port: 0 });
				const signal = noise(RATE, seed);
				await card.feed(signal).done;
				await nodeRed.send('auto', { payload: false });
				const wav = await nodeRed.waitFor('auto', (_, i) => i === seed - 31, { port: 1 });
				const run = findRun((wav['payload'] as Buffer).subarray(44), signal);
				assert.ok(run.exact && run.offset === 0 && run.frames > RATE / 2, run.summary);
			}
			assert.deepEqual(nodeRed.errors('auto'), []);
			const response = await fetch(`${nodeRed.url}/voice/mic-capture/devices`);
			assert.match(await response.text(), /vmic/);
		}));

	test('nor arecord: auto says what to install', () =>
		withNodeRed({ ...card.env, PATH: join(folder, 'bin') }, async (nodeRed) => {
			await nodeRed.send('auto', { payload: true });
			const error = await nodeRed.waitForError('auto');
			assert.equal(error.code, 'MIC_BACKEND_MISSING');
			assert.match(error.message, /naudiodon.*arecord.*apt install alsa-utils/);
			await nodeRed.waitForNoChildren();
		}));
});
