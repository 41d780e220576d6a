import type { NodeAPI } from 'node-red';
import { VoiceError } from '../../lib/node/errors.ts';
import { checkTried, Tries } from '../../lib/node/tries.ts';
import { Item, type Playback } from './item.ts';
import { Player } from './player.ts';
import { readSettings } from './settings.ts';
import { sinkBackend } from './sinks/index.ts';
import { TONE_FORMAT, testTone } from './test-tone.ts';

/** No device takes so long for a second of sound; what hangs is given up. */
const LONGEST_MS = 20_000;

/**
 * POST /voice/audio-play/tone with `{ backend, device, framesPerBuffer, volume }` plays a chime on the device; answers
 * `{ durationMs }` once it was heard and the device is free again. Silent at once if who asked goes away. Call once
 * per node set.
 */
export function serveTestTone(RED: NodeAPI): void {
	const tries = new Tries(RED, 'audio-play', {
		setting: 'AUDIO_FORMAT',
		notFound: 'PLAY_DEVICE_NOT_FOUND',
		busy: 'PLAY_DEVICE_BUSY',
		failed: 'PLAY_STALLED',
	});
	tries.serve('tone', async (body, response, signal) => {
		const { durationMs } = await playTone(body, signal);
		if (!signal.aborted) response.json({ durationMs });
	});
}

/** Only these settings matter, so that another one which is wrong does not keep anybody from trying. */
const pick = ({ backend, device, framesPerBuffer, volume }: Record<string, unknown>) =>
	readSettings({ backend, device, framesPerBuffer, volume });

async function playTone(body: Record<string, unknown>, signal: AbortSignal): Promise<Playback> {
	const settings = pick(body);
	if (settings.backend === 'file')
		throw new VoiceError('AUDIO_FORMAT', 'A file makes no sound', 'choose a device to hear the tone');
	const backend = sinkBackend(settings.backend);
	await checkTried(settings.device, 'PLAY_DEVICE_NOT_FOUND', () => backend.devices());
	let failure: VoiceError | undefined;
	const { promise, resolve } = withResolvers<Playback>();
	const player = new Player(
		{
			...settings,
			mode: 'queue',
			prebufferMs: 0,
			open: (format, events) => backend.open({ ...settings, format }, events),
		},
		{
			finished: (_item, playback) => resolve(playback),
			failed: (_item, error) => {
				failure = error;
			},
			changed: () => {},
		},
	);
	const stop = () => player.stop();
	signal.addEventListener('abort', stop, { once: true });
	const timer = setTimeout(() => {
		failure ??= new VoiceError(
			'PLAY_STALLED',
			`The device did not play the tone within ${LONGEST_MS / 1000} s`,
			'check the device, and that the sound server is running',
		);
		stop();
	}, LONGEST_MS);
	try {
		if (signal.aborted) return { durationMs: 0, underruns: 0, interrupted: true };
		const item = new Item('tone', TONE_FORMAT);
		player.begin(item);
		player.feed(item, testTone());
		player.end(item);
		const playback = await promise;
		if (failure) throw failure;
		return playback;
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', stop);
		await player.close();
	}
}

/** Promise.withResolvers, which Node.js 20 lacks. */
function withResolvers<T>() {
	let resolve: (value: T) => void = () => {};
	const promise = new Promise<T>((settle) => {
		resolve = settle;
	});
	return { promise, resolve };
}
