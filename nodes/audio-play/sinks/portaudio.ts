import { frameBytes } from '../../../lib/audio/format.ts';
import { listDevices, openOutput } from '../../../lib/portaudio/client.ts';
import { PlayClock } from './play-clock.ts';
import type { Sink, SinkBackend } from './sink.ts';

/** Plays through PortAudio (naudiodon in a child process). */
export const portaudioBackend: SinkBackend = {
	async open({ device, format, framesPerBuffer }, events) {
		let paused = false;
		const output = await openOutput(
			{ device, format, framesPerBuffer },
			{
				drain: () => events.drain(),
				lost: (error) => events.lost(error),
				underrun: () => {
					if (!paused) events.underrun();
				},
			},
		);
		// What PortAudio has taken ahead of the sound it does not tell.
		const clock = new PlayClock(output.format.sampleRate * frameBytes(output.format));
		const sink: Sink = {
			format: output.format,
			startMs: output.startMs,
			get queuedBytes() {
				return Math.max(output.queuedBytes, clock.queuedBytes);
			},
			write(pcm) {
				paused = false;
				clock.written(pcm.length);
				return output.write(pcm);
			},
			pause() {
				paused = true;
			},
			end: () => output.end(),
			abort: () => output.abort(),
		};
		return sink;
	},

	async devices() {
		const found = await listDevices('output');
		return found
			.filter((device) => device.outputChannels > 0)
			.map(({ name, isDefaultOutput, defaultSampleRate }) => ({
				name,
				description: '',
				isDefault: isDefaultOutput,
				rates: [defaultSampleRate],
			}));
	},
};
