import { once } from 'node:events';
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { wavHeader } from '../../lib/audio/wav.ts';
import { sink, startNodeRed } from '../../test/lab/node-red.ts';
import { noise } from '../../test/lab/signals.ts';
import { type Extent, rounded } from '../statistics.ts';

// A WAV file played by mic-capture and recorded by audio-play's `file`, in a real Node-RED: as long as an hour, it must
// not take more memory than a minute.

const RATE = 44_100;
const TO = 16_000;
/** How many times faster than real time the file is played: well below what the player can write, or it would drop. */
const PACE = 45;
const HOUR_S = 3600;
/** Of audio, for each second asked for: the bench's usual 20 seconds are an hour. */
const SECONDS_EACH = 180;
const HEADER_BYTES = 44;

export interface HourFigures {
	readonly case: string;
	readonly audioMinutes: number;
	/** Seconds of audio for each second. */
	readonly speed: number;
	/** Resident memory of Node-RED when so much of the audio has passed, in MB. */
	readonly rssMb: { readonly at10: number; readonly at50: number; readonly at100: number };
	/** Milliseconds of the file that are not in the recording. */
	readonly lostMs: number;
}

/** One run. */
export async function measureHour({ seconds }: Pick<Extent, 'seconds'>): Promise<HourFigures[]> {
	const audioSeconds = Math.min(HOUR_S, Math.ceil(seconds * SECONDS_EACH));
	const folder = await mkdtemp(join(tmpdir(), 'voice-bench-audio-'));
	const [file, recorded] = [join(folder, 'said.wav'), join(folder, 'recorded.wav')];
	try {
		await record(file, audioSeconds);
		const nodeRed = await startNodeRed({
			flow: [
				{ id: 'mic', type: 'mic-capture', source: 'file', file, sampleRate: TO, wires: [['play'], []] },
				{ id: 'play', type: 'audio-play', backend: 'file', file: recorded, wires: [['out']] },
				sink('out'),
			],
			env: { VOICE_FILE_PACE: String(PACE) },
		});
		try {
			const rss: number[] = [];
			let heard = 0;
			let isOver = false;
			let crash: Error | undefined;
			// Keeps nothing of it, or this process would need the memory.
			nodeRed
				.until(
					'the end',
					() => {
						for (const { payload } of nodeRed.messages('mic', 0))
							if (Buffer.isBuffer(payload)) heard += payload.length / 2;
						isOver ||= nodeRed.messages('play', 0).length > 0;
						nodeRed.forget();
						return isOver || undefined;
					},
					600_000,
				)
				.catch((thrown: Error) => {
					crash = thrown;
				});
			await nodeRed.send('mic', { payload: true });
			const began = performance.now();
			for (const share of [0.1, 0.5, 1]) {
				while (!isOver && !crash && heard < share * audioSeconds * TO) await sleep(5);
				rss.push(rssMb(nodeRed.pid));
			}
			while (!isOver && !crash) await sleep(5);
			if (crash) throw crash;
			const [at10 = Number.NaN, at50 = Number.NaN, at100 = Number.NaN] = rss;
			const frames = (statSync(recorded).size - HEADER_BYTES) / 2;
			return [
				rounded({
					case: `WAV ${RATE} Hz → ${TO} Hz`,
					audioMinutes: audioSeconds / 60,
					speed: audioSeconds / ((performance.now() - began) / 1000),
					rssMb: { at10, at50, at100 },
					lostMs: ((audioSeconds * TO - frames) * 1000) / TO,
				}),
			];
		} finally {
			await nodeRed.stop();
		}
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** Minutes of the same noise: not of interest here. */
async function record(path: string, seconds: number): Promise<void> {
	const file = createWriteStream(path);
	const format = { sampleRate: RATE, channels: 1 };
	file.write(wavHeader(format, seconds * RATE * 2));
	const second = noise(RATE, 1);
	for (let at = 0; at < seconds; at++) if (!file.write(second)) await once(file, 'drain');
	file.end();
	await finished(file);
}

function rssMb(pid: number): number {
	const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 'NaN';
	return (Number(kilobytes) * 1024) / 1e6;
}
