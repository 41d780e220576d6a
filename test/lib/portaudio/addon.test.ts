import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { VoiceError } from '../../../lib/node/errors.ts';
import { loadError } from '../../../lib/portaudio/addon.ts';
import { PortAudio } from '../../../lib/portaudio/client.ts';
import { needs } from '../../lab/needs.ts';
import { packageRoot } from '../../lab/root.ts';
import { startSoundCard } from '../../lab/sound-card.ts';

const skip = needs('pulseaudio', 'naudiodon');

function scratch(t: { after(act: () => void): void }): string {
	const folder = mkdtempSync(join(tmpdir(), 'voice-portaudio-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

test('tells why naudiodon does not load, and what to do', () => {
	const explain = (message: string, platform = 'linux-x64') => {
		const { code, problem, remedy } = loadError('input', new Error(message), platform);
		assert.equal(code, 'MIC_BACKEND_MISSING');
		return `${problem}: ${remedy}`;
	};
	const notBuilt = 'Could not locate the bindings file. Tried:\n → /n/build/naudiodon.node\n → /n/out';
	assert.match(explain(notBuilt), /^naudiodon is installed but was not built: .*npm rebuild naudiodon/);
	assert.match(explain(notBuilt, 'linux-arm64'), /not built: .*64-bit ARM: choose the backend "alsa"/);
	const noLibrary = (name: string) => `${name}: cannot open shared object file: No such file or directory`;
	assert.match(explain(noLibrary('libasound.so.2')), /libasound.*: sudo apt install libasound2/);
	assert.match(explain(noLibrary('libjack.so.0')), /libjack.*: sudo apt install libjack0/);
	assert.match(explain(noLibrary('libportaudio.so.2'), 'linux-arm64'), /not built: .*"alsa"/);
	const otherNode = "The module '/n/naudiodon.node'\nwas compiled against a different Node.js version";
	assert.match(
		explain(otherNode),
		/^naudiodon does not load \(The module '\/n\/naudiodon.node'\): .*npm rebuild/,
	);
	assert.equal(loadError('output', 'anything').code, 'PLAY_BACKEND_MISSING');
});

test('a naudiodon that was not built, and one that is broken', { skip: needs('naudiodon') }, async (t) => {
	const folder = scratch(t);
	const root = join(folder, 'naudiodon');
	mkdirSync(join(root, 'node_modules'), { recursive: true });
	writeFileSync(join(root, 'package.json'), '{"name":"naudiodon","main":"index.js"}');
	writeFileSync(join(root, 'index.js'), 'throw new Error("must not be loaded");');
	const naudiodon = createRequire(import.meta.url).resolve('naudiodon');
	const bindings = createRequire(naudiodon).resolve('bindings');
	symlinkSync(dirname(bindings), join(root, 'node_modules', 'bindings'));
	const portAudio = new PortAudio({ env: { ...process.env, VOICE_NAUDIODON: root } });
	t.after(() => portAudio.endIdleChildren());
	const failsWith = (words: RegExp) =>
		assert.rejects(portAudio.listDevices(), (error: VoiceError) => {
			assert.equal(error.code, 'MIC_BACKEND_MISSING');
			assert.match(error.problem, words);
			return true;
		});
	await failsWith(/was not built/);
	mkdirSync(join(root, 'build', 'Release'), { recursive: true });
	writeFileSync(join(root, 'build', 'Release', 'naudiodon.node'), 'not a library'.repeat(1000));
	await failsWith(/does not load \(.*invalid ELF header/);
});

test('finds naudiodon in the user directory of Node-RED', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	// This package, installed where it cannot see naudiodon.
	const folder = scratch(t);
	cpSync(join(packageRoot, 'dist', 'lib'), join(folder, 'lib'), { recursive: true });
	writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
	const client = pathToFileURL(join(folder, 'lib', 'portaudio', 'client.js')).href;
	const elsewhere = (await import(client)) as { PortAudio: typeof PortAudio };
	const portAudio = new elsewhere.PortAudio({ env: { ...process.env, ...card.env, HOME: folder } });
	t.after(() => portAudio.endIdleChildren());
	await assert.rejects(portAudio.listDevices(), { code: 'MIC_BACKEND_MISSING' });
	portAudio.searchIn(join(folder, 'nothing'));
	portAudio.searchIn(packageRoot);
	const names = (await portAudio.listDevices()).map(({ name }) => name);
	assert.ok(names.includes('vmic'), String(names));
});
