import type { PcmFormat } from '../../lib/audio/format.ts';
import { systemClock } from '../../lib/node/clock.ts';
import { Microphone } from './microphone.ts';
import type { Capture, SourceEvents } from './sources/source.ts';

export interface ListenOptions {
	/** What `audio` gets. */
	format: PcmFormat;
	open(events: SourceEvents): Promise<Capture>;
	/** Ends it. */
	signal: AbortSignal;
	/** The next frames. Returns true once there were enough. */
	audio(pcm: Buffer): boolean;
}

/**
 * Opens a microphone until there was enough of it, its audio is over, or `signal` is aborted. Resolves when the device
 * is free again; rejects with the VoiceError of a device that does not open or goes away, and it is free then, too.
 */
export async function listen({ format, open, signal, audio }: ListenOptions): Promise<void> {
	let stop: () => void = () => {};
	let microphone: Microphone | undefined;
	try {
		await new Promise<void>((resolve, reject) => {
			stop = resolve;
			signal.addEventListener('abort', stop, { once: true });
			let over = false;
			microphone = new Microphone(
				{ format, historyMs: 0, open, time: systemClock },
				{
					opened: () => {},
					audio(pcm) {
						if (over || !audio(pcm)) return;
						over = true;
						resolve();
					},
					dropped: () => {},
					ended: resolve,
					failed: reject,
				},
			);
			if (signal.aborted) resolve();
			else microphone.open();
		});
	} finally {
		signal.removeEventListener('abort', stop);
		await microphone?.close();
	}
}
