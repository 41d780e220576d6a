import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { startSoundCard } from '../lab/sound-card.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { startDemo } from './demo-run.ts';

const SPOKEN = 'turn on the kitchen light open the garage door play some music';

describe('npm run demo', { skip: needs('pocketsphinx') }, () => {
	it('-- --once prints the transcript of the shipped recording, ends with 0 and leaves nothing behind', async () => {
		const asked: (string | undefined)[] = [];
		const mirror = createServer(({ url }, response) => {
			asked.push(url);
			response.writeHead(404).end();
		}).listen(0, '127.0.0.1');
		await once(mirror, 'listening');
		const { port } = mirror.address() as AddressInfo;
		const demo = startDemo(['--once'], { NODE_RED_VOICE_MODELS_MIRROR: `http://127.0.0.1:${port}` });
		const { code, left } = await demo.ended;
		mirror.close();
		assert.deepEqual(asked, [], 'nothing is fetched unasked');
		assert.match(demo.output(), /^Recognising with PocketSphinx$/m);
		assert.equal(code, 0, demo.output());
		assert.match(demo.output(), /http:\/\/127\.0\.0\.1:\d+/);
		const text = /^Recognised: (.+)$/m.exec(demo.output())?.[1] ?? '';
		assert.ok(wordErrorRate(SPOKEN, text) <= 0.1, demo.output());
		assert.deepEqual(left, []);
	});

	it('goes on until Ctrl+C, and speaks again on Enter', async () => {
		const demo = startDemo([]);
		await demo.prints(/Press Enter/);
		demo.child.stdin!.write('\n');
		await demo.prints(/The recording speaks[\s\S]+The recording speaks[\s\S]+^> /m);
		demo.child.kill('SIGINT');
		const { code, left } = await demo.ended;
		assert.equal(code, 0, demo.output());
		assert.deepEqual(left, []);
	});

	it('ended by Ctrl+C while Node-RED starts, leaves no folder either', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'voice-demo-tmp-'));
		const watcher = watch(folder);
		try {
			const made = once(watcher, 'change');
			const demo = startDemo([], { TMPDIR: folder });
			await Promise.race([made, demo.ended]);
			demo.child.kill('SIGINT');
			const { code, left } = await demo.ended;
			assert.equal(code, 0, demo.output());
			assert.deepEqual([left, readdirSync(folder)], [[], []]);
		} finally {
			watcher.close();
			rmSync(folder, { recursive: true, force: true });
		}
	});

	it('piped to a reader that has seen enough, ends without a stack and leaves nothing behind', async () => {
		const demo = startDemo([]);
		await demo.prints(/^Recognising with/m);
		demo.child.stdout!.destroy();
		const { code, left } = await demo.ended;
		assert.equal(code, 141, demo.output());
		assert.doesNotMatch(demo.output(), /EPIPE| at /);
		assert.deepEqual(left, []);
	});
});

describe('npm run demo -- --mic', {
	skip: needs('pocketsphinx', 'flite', 'sox', 'pulseaudio', 'naudiodon'),
}, () => {
	it('recognises what is said into the microphone, and ends after its 10 seconds', async () => {
		const card = await startSoundCard({ rate: 16_000 });
		try {
			const demo = startDemo(['--mic', '--once'], card.env);
			await demo.prints(/^Speak now/m);
			const { done } = card.feed(await speak('turn on the kitchen light', { lead: 3000 }));
			const { code, left } = await demo.ended;
			await done;
			assert.equal(code, 0, demo.output());
			assert.match(demo.output(), /^Recognised: turn on the kitchen light$/m);
			assert.deepEqual(left, []);
		} finally {
			await card.stop();
		}
	});
});

it('without PocketSphinx, --once says what is missing and ends with 1', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'voice-demo-path-'));
	try {
		for (const name of ['sh', 'cat', 'env']) symlinkSync(`/bin/${name}`, join(folder, name));
		// Python's module is found whatever PATH says; this hides it.
		writeFileSync(join(folder, 'pocketsphinx.py'), 'raise ImportError("hidden by the test")\n');
		const demo = startDemo(['--once'], { PATH: folder, PYTHONPATH: folder, VOICE_NO_APT: '1' });
		const { code, left } = await demo.ended;
		assert.equal(code, 1, demo.output());
		assert.match(demo.output(), /^Missing system packages/m);
		const told = demo.output().match(/^.*STT_\w+: .*$/gm) ?? [];
		assert.equal(told.length, 1, `told once:\n${demo.output()}`);
		assert.match(told[0] ?? '', /^! STT_ENGINE: .*apt install pocketsphinx pocketsphinx-en-us/);
		assert.match(demo.output(), /^The demo failed$/m);
		assert.deepEqual(left, []);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
