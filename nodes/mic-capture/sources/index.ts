import type { DeviceSourceName } from '../rules.ts';
import { alsa } from './alsa.ts';
import { autoSource } from './auto.ts';
import { file } from './file.ts';
import { portaudio } from './portaudio.ts';
import type { Source } from './source.ts';

/** Sources that keep nothing, and so serve every node. */
const SHARED: Record<Exclude<DeviceSourceName, 'auto'>, Source> = { portaudio, alsa, file };

/** The source of that name; `auto` remembers per node what works. */
export function createSource(name: DeviceSourceName): Source {
	return name === 'auto' ? autoSource([portaudio, alsa]) : SHARED[name];
}
