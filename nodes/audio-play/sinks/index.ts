import type { BackendName } from '../rules.ts';
import { alsaBackend } from './alsa.ts';
import { firstInstalled } from './auto.ts';
import { fileBackend } from './file.ts';
import { portaudioBackend } from './portaudio.ts';
import type { SinkBackend } from './sink.ts';

/** The backend of that name; `auto` is PortAudio, else aplay, never a file. */
export function sinkBackend(name: BackendName): SinkBackend {
	switch (name) {
		case 'auto':
			return firstInstalled([portaudioBackend, alsaBackend()]);
		case 'portaudio':
			return portaudioBackend;
		case 'alsa':
			return alsaBackend();
		case 'file':
			return fileBackend;
	}
}
