import { VoiceError } from '../../../lib/node/errors.ts';
import { alsa } from './alsa.ts';
import { autoSource } from './auto.ts';
import { file } from './file.ts';
import { portaudio } from './portaudio.ts';
import type { Source, SourceName } from './source.ts';

const noBrowser = () =>
	Promise.reject(
		new VoiceError(
			'MIC_BACKEND_MISSING',
			'The browser microphone is not part of this version',
			'choose the source auto, portaudio, alsa or file',
		),
	);

/** Sources that keep nothing, and so serve every node. */
const SHARED: Record<Exclude<SourceName, 'auto'>, Source> = {
	portaudio,
	alsa,
	file,
	browser: { open: noBrowser, devices: noBrowser },
};

/** The source of that name; `auto` remembers per node what works. */
export function createSource(name: SourceName): Source {
	return name === 'auto' ? autoSource([portaudio, alsa]) : SHARED[name];
}
