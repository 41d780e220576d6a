import type { NodeAPI } from 'node-red';
import { msToBytes } from '../../lib/audio/format.ts';
import { measureLevel } from '../../lib/audio/level.ts';
import { encodeWav } from '../../lib/audio/wav.ts';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import { checkTried, Tries } from '../../lib/node/tries.ts';
import { type ListenOptions, listen } from './listen.ts';
import { type MicSettings, readSettings } from './settings.ts';
import { createSource } from './sources/index.ts';

/** A meter that nobody ends does so itself. */
const METER_MS = 30_000;
/** How much audio makes one level. */
const WINDOW_MS = 100;
const RECORD_MS = 3000;
/** No browser plays more channels or higher rates than fit. */
const RECORD_BYTES = 16_000_000;

type Body = Record<string, unknown>;

/**
 * What the dialog tries a microphone with; both take `{ source, device, sampleRate, channels, framesPerBuffer }` and
 * end when who asked goes away. Call once per node set.
 * - POST /voice/mic-capture/meter → lines of JSON, ten a second for 30 s: `{ rms, peak }` in dBFS; a last
 *   `{ code, message }` if the device goes away
 * - POST /voice/mic-capture/record → a WAV file of 3 s
 */
export function serveTries(RED: NodeAPI): void {
	const tries = new Tries(RED, 'mic-capture', {
		setting: 'MIC_FORMAT',
		notFound: 'MIC_DEVICE_NOT_FOUND',
		busy: 'MIC_DEVICE_BUSY',
		failed: 'MIC_STALLED',
	});

	tries.serve('meter', async (body, response, signal) => {
		let begun = false;
		const line = (value: object) => {
			if (!begun)
				response.writeHead(200, {
					'Content-Type': 'application/x-ndjson',
					'Cache-Control': 'no-store',
					// A proxy that collects the lines would make no meter of it.
					'X-Accel-Buffering': 'no',
				});
			begun = true;
			response.write(`${JSON.stringify(value)}\n`);
		};
		try {
			await meter(body, signal, line);
		} catch (thrown) {
			if (!begun) throw thrown;
			const { code, message } = toVoiceError(thrown, 'MIC_STALLED', 'The level meter');
			if (!signal.aborted) line({ code, message });
		}
		response.end();
	});

	tries.serve('record', async (body, response, signal) => {
		const wav = await record(body, signal);
		if (!signal.aborted) response.type('audio/wav').set('Cache-Control', 'no-store').send(wav);
	});
}

async function meter(body: Body, signal: AbortSignal, line: (level: object) => void): Promise<void> {
	const { format, ...device } = await prepare(body);
	const window = msToBytes(WINDOW_MS, format);
	let left = msToBytes(METER_MS, format);
	let pending = Buffer.alloc(0);
	await listen({
		...device,
		format,
		signal,
		audio(pcm) {
			left -= pcm.length;
			pending = Buffer.concat([pending, pcm]);
			// Of what came late only the latest is of interest.
			const whole = Math.floor(pending.length / window) * window;
			if (whole) {
				line(measureLevel(pending.subarray(whole - window, whole)));
				pending = pending.subarray(whole);
			}
			return left <= 0;
		},
	});
}

async function record(body: Body, signal: AbortSignal): Promise<Buffer> {
	const { format, ...device } = await prepare(body);
	const wanted = msToBytes(RECORD_MS, format);
	if (wanted > RECORD_BYTES)
		throw new VoiceError(
			'MIC_FORMAT',
			`${format.channels} channels at ${format.sampleRate} Hz are too much to listen to in the dialog`,
			'use fewer channels or a lower rate',
		);
	const pieces: Buffer[] = [];
	let bytes = 0;
	await listen({
		...device,
		format,
		signal,
		audio(pcm) {
			pieces.push(pcm);
			bytes += pcm.length;
			return bytes >= wanted;
		},
	});
	return encodeWav([Buffer.concat(pieces).subarray(0, wanted)], format);
}

/** Only these settings matter, so that another one which is wrong does not keep anybody from trying. */
const pick = ({ source, device, sampleRate, channels, framesPerBuffer }: Body): MicSettings =>
	readSettings({ source, device, sampleRate, channels, framesPerBuffer });

async function prepare(body: Body): Promise<Pick<ListenOptions, 'format' | 'open'>> {
	const { source, input, format } = pick(body);
	// To read files is what a permission to try devices shall not give.
	if (source === 'file' || source === 'browser')
		throw new VoiceError(
			'MIC_FORMAT',
			'Only a device can be tried',
			'choose another source, or deploy the node',
		);
	const device = createSource(source);
	await checkTried(input.device, 'MIC_DEVICE_NOT_FOUND', () => device.devices());
	return { format, open: (events) => device.open(input, events) };
}
