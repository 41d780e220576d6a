import { bytesToFrames } from '../../../lib/audio/format.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { type Capture, EventGate, type Source } from './source.ts';
import { WavFile } from './wav-file.ts';

/** How often audio is handed over, as a sound card does. */
const PERIOD_MS = 20;
/** The most that is read at once when the machine was busy: bounds memory, loses nothing. */
const MOST_MS = 500;

/** A WAV file that plays as if somebody spoke: in real time, and again from the start if `loop` is set. */
export const file: Source = {
	async open(options, events) {
		const wav = await WavFile.open(options.file);
		const gate = new EventGate(events);
		const player = play(wav, gate, options).catch((thrown: unknown) => {
			const text = thrown instanceof Error ? thrown.message : String(thrown);
			gate.lost(
				new VoiceError(
					'MIC_STALLED',
					`The file ${options.file} can no longer be read (${text})`,
					'check the disk',
					{ cause: thrown },
				),
			);
		});
		gate.open();
		return {
			format: wav.format,
			async close() {
				gate.close();
				await player;
			},
		} satisfies Capture;
	},
	devices: () => Promise.resolve([]),
};

/** Resolves when the file is over or the gate is closed; the file is then closed. */
async function play(
	wav: WavFile,
	gate: EventGate,
	{ loop, pace }: { loop: boolean; pace: number },
): Promise<void> {
	const { sampleRate } = wav.format;
	const period = Math.ceil((sampleRate * PERIOD_MS) / 1000);
	const most = Math.ceil((sampleRate * MOST_MS) / 1000);
	const began = performance.now();
	let sent = 0;
	let sinceRewind = 0;
	try {
		while (!gate.closed) {
			// Always reckoned from the start, so that late timers do not add up.
			const due = Math.floor(((performance.now() - began) * pace * sampleRate) / 1000) - sent;
			if (due < period) {
				await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
				continue;
			}
			const wanted = Math.min(due, most);
			const pcm = await wav.read(wanted);
			const frames = bytesToFrames(pcm.length, wav.format);
			gate.data(pcm);
			sent += frames;
			sinceRewind += frames;
			if (frames === wanted) continue;
			if (!loop || !sinceRewind) return gate.end();
			wav.rewind();
			sinceRewind = 0;
		}
	} finally {
		await wav.close();
	}
}
