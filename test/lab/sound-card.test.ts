import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from './needs.ts';
import { findRun, noise, sine } from './signals.ts';
import { type SoundCard, startSoundCard } from './sound-card.ts';

const portaudioChild = fileURLToPath(new URL('./portaudio-child.js', import.meta.url));
const skip = needs('pulseaudio', 'alsa-utils');

/** Collects what a recorder delivers, and can wait for it. */
class Recording {
	#bytes = 0;
	readonly #chunks: Buffer[] = [];
	readonly #waiting = new Set<() => void>();

	add(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#bytes += chunk.length;
		for (const look of this.#waiting) look();
	}

	get pcm(): Buffer {
		return Buffer.concat(this.#chunks);
	}

	/** Resolves when `bytes` more have arrived, or at once if `now` is already true of the recording. */
	more(bytes: number): Promise<void> {
		const goal = this.#bytes + bytes;
		return new Promise((resolve) => {
			const look = () => {
				if (this.#bytes < goal) return;
				this.#waiting.delete(look);
				resolve();
			};
			this.#waiting.add(look);
		});
	}
}

function play(command: string, args: string[], card: SoundCard) {
	const child = spawn(command, args, {
		env: { ...process.env, ...card.env, LC_ALL: 'C' },
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	let stderr = '';
	child.stderr.on('data', (data) => {
		stderr += data;
	});
	child.stdin.on('error', () => {});
	const closed = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
	return { child, closed };
}

const raw = (device: string, rate: number, channels = 1) => [
	...['-D', device, '-t', 'raw', '-f', 'S16_LE', '-r', String(rate), '-c', String(channels)],
];

/** Records with arecord while `pcm` is fed, and some silence before and after. */
async function recordWithArecord(card: SoundCard, device: string, pcm: Buffer, rate: number, channels = 1) {
	const { child, closed } = play('arecord', ['-q', ...raw(device, rate, channels)], card);
	const recording = new Recording();
	child.stdout.on('data', (chunk) => recording.add(chunk));
	await recording.more(2);
	await card.feed(pcm, { rate, channels }).done;
	await recording.more(rate * channels); // 0.5 s
	child.kill('SIGINT');
	await closed;
	return recording.pcm;
}

/** The same with naudiodon in a process of its own. */
async function recordWithPortaudio(card: SoundCard, device: string, pcm: Buffer, rate: number) {
	const child = fork(portaudioChild, [device, String(rate), '1'], {
		env: { ...process.env, ...card.env },
		cwd: card.folder,
		serialization: 'advanced',
		silent: true,
	});
	const recording = new Recording();
	const exited = once(child, 'exit');
	let failed = '';
	const end = new Promise<void>((resolve) => {
		child.on('message', (message: { data?: Buffer; failed?: string }) => {
			if (message.data) recording.add(message.data);
			if (message.failed === undefined) return;
			failed = message.failed;
			resolve();
		});
		child.on('exit', () => resolve());
	});
	await Promise.race([recording.more(2), end]);
	if (!failed && child.exitCode === null) {
		await card.feed(pcm, { rate }).done;
		await recording.more(rate);
		child.send('quit');
	}
	await exited;
	return { pcm: recording.pcm, failed };
}

for (const rate of [16_000, 44_100, 48_000])
	test(`a ${rate} Hz card is sample-exact for arecord, naudiodon and aplay`, {
		skip,
		timeout: 120_000,
	}, async (t) => {
		const card = await startSoundCard({ rate });
		t.after(() => card.stop());
		const fed = noise(rate, rate);
		await t.test('arecord', async () => {
			const run = findRun(await recordWithArecord(card, 'vmic', fed, rate), fed);
			assert.ok(run.exact, run.summary);
			assert.deepEqual([run.offset, run.frames], [0, rate], run.summary);
			assert.ok(run.trailingSilence > 0);
		});
		await t.test('naudiodon', { skip: needs('naudiodon') }, async () => {
			const run = findRun((await recordWithPortaudio(card, 'vmic', fed, rate)).pcm, fed);
			assert.ok(run.exact, run.summary);
			assert.deepEqual([run.offset, run.frames], [0, rate], run.summary);
		});
		await t.test('aplay', async () => {
			for (const device of ['vspk', 'default']) {
				card.clearSpoken();
				assert.equal(card.spoken().length, 0);
				const { child, closed } = play('aplay', ['-q', ...raw(device, rate)], card);
				child.stdin.end(fed);
				assert.deepEqual(await closed, { code: 0, stderr: '' });
				const run = findRun(card.spoken(), fed);
				assert.ok(run.exact && run.frames === rate && run.leadingSilence === 0, run.summary);
				const [stream, ...others] = card.spokenStreams();
				assert.deepEqual(
					{ ...stream, data: 0 },
					{ pcm: device, rate, channels: 1, format: 'S16_LE', data: 0 },
				);
				assert.equal(others.length, 0);
			}
		});
	});

test('a stereo card keeps its channels apart', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 48_000, channels: 2 });
	t.after(() => card.stop());
	const fed = noise(24_000, 5, 2);
	const run = findRun(await recordWithArecord(card, 'vmic', fed, 48_000, 2), fed, { channels: 2 });
	assert.ok(run.exact && run.frames === 24_000, run.summary);
});

test('a card that is unplugged ends its feeds, and comes back', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const feed = card.feed(noise(16_000 * 60, 1));
	const { child, closed } = play('arecord', ['-q', ...raw('vmic', 16_000)], card);
	await once(child.stdout, 'data');
	await card.kill();
	await assert.rejects(feed.done);
	child.kill('SIGKILL'); // arecord may wait for ever for a dead device
	await closed;
	const gone = await play('arecord', raw('vmic', 16_000), card).closed;
	assert.equal(gone.code, 1);
	assert.match(gone.stderr, /Connection refused/);
	await card.restart();
	const fed = noise(8000, 2);
	const run = findRun(await recordWithArecord(card, 'vmic', fed, 16_000), fed);
	assert.ok(run.exact && run.frames === 8000, run.summary);
});

test('a feed can be stopped', { skip, timeout: 60_000 }, async (t) => {
	const card = await startSoundCard({ rate: 16_000 });
	t.after(() => card.stop());
	const { child, closed } = play('arecord', ['-q', ...raw('vmic', 16_000)], card);
	const recording = new Recording();
	child.stdout.on('data', (chunk) => recording.add(chunk));
	await recording.more(2);
	const fed = noise(16_000 * 60, 3);
	const feed = card.feed(fed);
	await recording.more(32_000);
	feed.stop();
	await feed.done;
	await recording.more(16_000);
	child.kill('SIGINT');
	await closed;
	const run = findRun(recording.pcm, fed);
	assert.ok(run.exact && run.offset === 0 && run.trailingSilence > 0, run.summary);
});

test('an awkward card refuses as hardware does', {
	skip: skip || needs('gcc'),
	timeout: 60_000,
}, async (t) => {
	const card = await startSoundCard({ rate: 48_000, awkward: true });
	t.after(() => card.stop());
	const record = (device: string, rate: number, channels = 1) =>
		play('arecord', ['-s', '480', ...raw(device, rate, channels)], card).closed;
	await t.test('one rate only: arecord', async () => {
		assert.match(
			(await record('only48', 16_000)).stderr,
			/rate is not accurate \(requested = 16000Hz, got = 48000Hz\)/,
		);
		assert.doesNotMatch((await record('only48', 48_000)).stderr, /not accurate/);
		assert.doesNotMatch((await record('vmic', 16_000)).stderr, /not accurate/);
	});
	await t.test('one rate only: aplay', async () => {
		const { child, closed } = play('aplay', raw('only48', 16_000), card);
		child.stdin.end(sine(100, 440, 16_000));
		assert.match((await closed).stderr, /rate is not accurate/);
	});
	await t.test('one channel count only', async () => {
		const mono = await record('stereo', 48_000);
		assert.match(mono.stderr, /Channels count non available/);
		assert.equal(mono.code, 1);
		assert.equal((await record('stereo', 48_000, 2)).code, 0);
	});
	await t.test('busy', async () => {
		card.setBusy('vmic', true);
		const busy = await record('vmic', 48_000);
		assert.equal(busy.code, 1);
		assert.match(busy.stderr, /Device or resource busy/);
		card.setBusy('vmic', false);
		assert.equal((await record('vmic', 48_000)).code, 0);
	});
	await t.test('naudiodon', { skip: needs('naudiodon') }, async () => {
		const fed = noise(24_000, 4);
		assert.match((await recordWithPortaudio(card, 'only48', fed, 16_000)).failed, /Invalid sample rate/);
		const run = findRun((await recordWithPortaudio(card, 'only48', fed, 48_000)).pcm, fed);
		assert.ok(run.exact && run.frames === 24_000, run.summary);
	});
});
