import type { PcmFormat } from '../../../lib/audio/format.ts';
import { Item, type Playback } from '../../../nodes/audio-play/item.ts';
import { Player, type PlayerSettings } from '../../../nodes/audio-play/player.ts';
import { noise } from '../../lab/signals.ts';
import { HandDevice } from './hand-device.ts';

export const MONO: PcmFormat = { sampleRate: 16_000, channels: 1 };
/** So many milliseconds of noise. */
export const sound = (ms: number, seed = 1, format = MONO): Buffer =>
	noise((ms * format.sampleRate) / 1000, seed, format.channels);

/** A player on a device in memory, and what it told. */
export function setUp(settings: Partial<PlayerSettings> = {}) {
	const device = new HandDevice();
	const finished: { id: string; playback: Playback }[] = [];
	const failures: { id: string; code: string }[] = [];
	const player = new Player(
		{ mode: 'queue', volume: 100, maxQueueMs: 60_000, prebufferMs: 200, open: device.open, ...settings },
		{
			finished: (item, playback) => finished.push({ id: item.id, playback }),
			failed: (item, { code }) => failures.push({ id: item.id, code }),
			changed: () => {},
		},
	);
	const begin = (id: string, format = MONO): Item => {
		const item = new Item(id, format);
		player.begin(item);
		return item;
	};
	const recording = (id: string, pcm: Buffer, format = MONO): Item => {
		const item = begin(id, format);
		player.feed(item, pcm);
		player.end(item);
		return item;
	};
	return { device, player, finished, failures, begin, recording, ids: () => finished.map(({ id }) => id) };
}

/** What is told of an item that was heard without trouble. */
export const whole = (durationMs: number): Playback => ({ durationMs, underruns: 0, interrupted: false });
