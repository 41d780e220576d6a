import { VoiceError } from '../../../lib/node/errors.ts';
import type { SinkBackend } from './sink.ts';

/**
 * The first backend that is installed: on a 64-bit Raspberry Pi there is no PortAudio for naudiodon, so aplay plays.
 * Any other failure is the device's, which another backend would only hide.
 */
export function firstInstalled(backends: readonly SinkBackend[]): SinkBackend {
	const attempt = async <T>(act: (backend: SinkBackend) => Promise<T>): Promise<T> => {
		const missing: VoiceError[] = [];
		for (const backend of backends) {
			try {
				return await act(backend);
			} catch (thrown) {
				if (!(thrown instanceof VoiceError) || thrown.code !== 'PLAY_BACKEND_MISSING') throw thrown;
				missing.push(thrown);
			}
		}
		throw new VoiceError(
			'PLAY_BACKEND_MISSING',
			missing.map((error) => error.problem).join('; '),
			// The last backend is the one that is easy to install.
			missing.at(-1)?.remedy ?? 'choose another backend',
		);
	};
	return {
		open: (options, events) => attempt((backend) => backend.open(options, events)),
		devices: () => attempt((backend) => backend.devices()),
	};
}
