import { VoiceError } from '../../../lib/node/errors.ts';
import { listDevices, openOutput } from '../../../lib/portaudio/client.ts';
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
		const sink: Sink = {
			format: output.format,
			get queuedBytes() {
				return output.queuedBytes;
			},
			write(pcm) {
				paused = false;
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
		const found = await listDevices().catch((thrown) => {
			throw asPlayError(thrown);
		});
		return found
			.filter((device) => device.outputChannels > 0)
			.map(({ name, isDefaultOutput }) => ({ name, description: isDefaultOutput ? 'default' : '' }));
	},
};

/** Listing is the microphone's and ours alike, and fails with the microphone's code. */
function asPlayError(thrown: unknown): unknown {
	if (!(thrown instanceof VoiceError) || thrown.code !== 'MIC_BACKEND_MISSING') return thrown;
	return new VoiceError('PLAY_BACKEND_MISSING', thrown.problem, thrown.remedy, { cause: thrown });
}
