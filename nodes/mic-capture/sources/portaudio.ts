import type { DeviceName } from '../../../lib/audio/device-name.ts';
import { bytesToMs, msToFrames } from '../../../lib/audio/format.ts';
import { listDevices, openInput, type PortAudioInput } from '../../../lib/portaudio/client.ts';
import { EventGate, type Source } from './source.ts';

/**
 * PortAudio hands sound over when so much of it is together, and no earlier when a stream is to end: with the 100 ms of a
 * usual message, its end would wait for up to 100 ms. Not shorter: PortAudio keeps three of them (measured), and where no
 * sound server stands in between, a thread of its own that gets no processor for longer than that loses sound.
 */
const PIECE_MS = 20;

/** Microphones of the sound system, through PortAudio (naudiodon) in a child process. */
export const portaudio: Source = {
	async open({ device, format, framesPerBuffer }, events) {
		const gate = new EventGate(events);
		let droppedBytes = 0;
		const input: PortAudioInput = await openInput(
			{ device, format, framesPerBuffer: Math.min(framesPerBuffer, msToFrames(PIECE_MS, format)) },
			{
				data(pcm) {
					const lately = input.droppedBytes - droppedBytes;
					droppedBytes += lately;
					if (lately > 0) gate.dropped(bytesToMs(lately, input.format));
					gate.data(pcm);
				},
				lost: (error) => gate.lost(error),
			},
		);
		gate.open();
		return {
			format: input.format,
			async close() {
				gate.close();
				await input.close();
			},
		};
	},
	devices,
};

async function devices(): Promise<DeviceName[]> {
	const found = await listDevices();
	return found
		.filter((device) => device.inputChannels > 0)
		.map(({ name, isDefaultInput, defaultSampleRate }) => ({
			name,
			description: '',
			isDefault: isDefaultInput,
			rates: [defaultSampleRate],
		}));
}
