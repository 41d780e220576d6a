import type { PcmFormat } from '../../../../lib/audio/format.ts';
import type { VoiceError } from '../../../../lib/node/errors.ts';
import type { Sink, SinkBackend, SinkEvents } from '../../../../nodes/audio-play/sinks/sink.ts';

/** An open sink and what it told, for tests that drive it without a player. */
export interface OpenedSink {
	sink: Sink;
	underruns(): number;
	/** Resolves with the error that the device was lost with. */
	lost: Promise<VoiceError>;
	wasLost(): boolean;
	/** Writes in small pieces as the sink drains; resolves when all was taken, or the device is lost. */
	feed(pcm: Buffer): Promise<void>;
}

export async function openSink(
	backend: SinkBackend,
	format: PcmFormat,
	{ device = '', file = '' }: { device?: string; file?: string } = {},
): Promise<OpenedSink> {
	let underruns = 0;
	let drained = () => {};
	let isLost = false;
	let tellLost: (error: VoiceError) => void;
	const lost = new Promise<VoiceError>((resolve) => {
		tellLost = resolve;
	});
	const events: SinkEvents = {
		drain: () => drained(),
		underrun: () => underruns++,
		lost: (error) => {
			isLost = true;
			tellLost(error);
			drained();
		},
	};
	const sink = await backend.open({ device, format, framesPerBuffer: 4096, file }, events);
	const feed = async (pcm: Buffer) => {
		const size = 1600 * sink.format.channels;
		for (let at = 0; at < pcm.length && !isLost; at += size) {
			const room = new Promise<void>((resolve) => {
				drained = resolve;
			});
			if (!sink.write(pcm.subarray(at, at + size)) && !isLost) await room;
		}
	};
	return { sink, underruns: () => underruns, lost, wasLost: () => isLost, feed };
}
