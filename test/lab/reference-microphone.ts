import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { findRun } from './signals.ts';
import type { SoundCard } from './sound-card.ts';

export interface ReferenceMicrophone {
	/**
	 * Stops listening and tells when (performance.now(), ms) frame `offset` of the `fed` signal was at the microphone.
	 * Rejects if it was not heard.
	 */
	timeOf(fed: Buffer, offset: number): Promise<number>;
}

/**
 * A second listener on the virtual microphone, PulseAudio's own `parec` with a small buffer, to tell which sample of
 * a fed signal was at the microphone at what time. A sample cannot arrive before it was captured, so the earliest
 * arrival relative to its position over the whole recording gives the time, some milliseconds late at most.
 */
export async function startReferenceMicrophone(card: SoundCard, rate: number): Promise<ReferenceMicrophone> {
	const parec = spawn(
		'parec',
		['-d', 'mic', '--raw', `--rate=${rate}`, '--channels=1', '--format=s16le', '--latency-msec=10'],
		{ env: { ...process.env, ...card.env }, stdio: ['ignore', 'pipe', 'inherit'] },
	);
	const pieces: Buffer[] = [];
	let frames = 0;
	let origin = Number.POSITIVE_INFINITY;
	parec.stdout.on('data', (piece: Buffer) => {
		pieces.push(piece);
		frames += piece.length / 2;
		origin = Math.min(origin, performance.now() - (frames * 1000) / rate);
	});
	await Promise.race([
		once(parec.stdout, 'data'),
		once(parec, 'close').then(() => Promise.reject(new Error('parec does not hear the microphone'))),
	]);
	return {
		async timeOf(fed, offset) {
			const closed = once(parec, 'close');
			parec.kill('SIGTERM');
			await closed;
			const run = findRun(Buffer.concat(pieces), fed);
			const heard = run.leadingSilence + offset - run.offset;
			if (run.offset < 0 || heard < 0 || heard > frames) throw new Error(`not heard: ${run.summary}`);
			return origin + (heard * 1000) / rate;
		},
	};
}
