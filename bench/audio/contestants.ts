import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { buffer, text } from 'node:stream/consumers';
import { createConverter, loadResampler } from '../../lib/audio/resample.ts';

/** What a resampler made of something, and the processor time that it took. */
export interface Resampled {
	readonly pcm: Buffer;
	readonly cpuSeconds: number;
}

/** Takes and gives mono s16le. */
export type Resampler = (pcm: Buffer, from: number, to: number) => Promise<Resampled>;

const CHUNK_MS = 20;

/** The package's own, in chunks as a microphone brings them. */
export const ours: Resampler = async (pcm, from, to) => {
	await loadResampler();
	const converter = createConverter({ sampleRate: from, channels: 1 }, { sampleRate: to, channels: 1 });
	const size = Math.round((from * CHUNK_MS) / 1000) * 2;
	const pieces: Buffer[] = [];
	const before = process.cpuUsage();
	for (let at = 0; at < pcm.length; at += size) pieces.push(converter.push(pcm.subarray(at, at + size)));
	pieces.push(converter.flush());
	const { user, system } = process.cpuUsage(before);
	converter.close();
	return { pcm: Buffer.concat(pieces), cpuSeconds: (user + system) / 1e6 };
};

/** SoX, whole; its processor time includes that of starting it. `-D`: no dither. */
export const sox =
	(quality: '-h' | '-v'): Resampler =>
	async (pcm, from, to) => {
		const raw = (rate: number) => [
			'-t',
			'raw',
			'-r',
			String(rate),
			'-e',
			'signed',
			'-b',
			'16',
			'-c',
			'1',
			'-',
		];
		const command = ['sox', '-D', ...raw(from), ...raw(to), 'rate', quality].join(' ');
		// The last two figures of `times` are those of the children.
		const child = spawn('sh', ['-c', `${command}; status=$?; times >&2; exit $status`], {
			stdio: ['pipe', 'pipe', 'pipe'],
		});
		const closed = once(child, 'close') as Promise<[number | null]>;
		child.stdin.on('error', () => {}); // its exit says why
		child.stdin.end(pcm);
		const [out, log, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), closed]);
		if (code !== 0) throw new Error(`sox ended with ${code}: ${log}`);
		const times = [...log.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
		const cpuSeconds = times.reduce(
			(sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
			0,
		);
		// Less is not told apart from nothing.
		return { pcm: out, cpuSeconds: Math.max(cpuSeconds, 0.01) };
	};
