import type { PcmFormat } from '../audio/format.ts';
import { VoiceError } from '../node/errors.ts';
import { serveParent } from '../process/forked.ts';
import { type Addon, loadAddon, type NativeStream } from './addon.ts';
import { capabilitiesOf, findDevice, isDevice, listDevices, missingDevice } from './devices.ts';
import { deviceBusy, formatRefused, openFailed, stalled } from './errors.ts';
import { InputStream, inputQueue, pieceBytes } from './input.ts';
import { negotiate, type Refusal } from './negotiate.ts';
import { OUTPUT_QUEUE, OutputStream } from './output.ts';
import type {
	Direction,
	ListPayload,
	OpenPayload,
	OpenReply,
	StreamPayload,
	WritePayload,
} from './protocol.ts';

// The process that owns naudiodon. It may be killed at any time: PortAudio aborts on some ALSA configurations, hangs
// when an output's device is gone, and never ends by itself while a stream is open.

/** Less underruns through PulseAudio, and more makes nothing better. */
const OUTPUT_MIN_FRAMES = 1024;
const DEFAULT_FRAMES = 512;

const inputs = new Map<number, InputStream>();
const outputs = new Map<number, OutputStream>();

const send = serveParent(
	{
		list: ({ direction }: ListPayload) => listDevices(loadAddon(direction)),
		open: (request: OpenPayload) => open(request),
		write: ({ stream, pcm }: WritePayload) => outputs.get(stream)?.write(pcm),
		end: async ({ stream }: StreamPayload) => {
			await outputs.get(stream)?.end();
			outputs.delete(stream);
		},
		close: async ({ stream }: StreamPayload) => {
			await (inputs.get(stream)?.close() ?? outputs.get(stream)?.abort());
			inputs.delete(stream);
			outputs.delete(stream);
		},
	},
	(thrown) => {
		if (thrown instanceof VoiceError) return thrown;
		return stalled('input', '', `failed in PortAudio (${String(thrown)})`);
	},
);

async function open(request: OpenPayload): Promise<OpenReply> {
	const { direction, device, stream } = request;
	const addon = loadAddon(direction);
	const { native, format, tainted } = await openNative(addon, request);
	const framesPerBuffer = scaleFrames(request, format);
	try {
		if (direction === 'input') {
			const bytes = pieceBytes(framesPerBuffer, format);
			const input = new InputStream(native, { stream, format, pieceBytes: bytes }, send);
			input.start();
			inputs.set(stream, input);
		} else outputs.set(stream, new OutputStream(native, { stream, format, framesPerBuffer }, send));
	} catch (thrown) {
		await native.quit('ABORT');
		throw openFailed(direction, device, reasonOf(thrown));
	}
	return { format, framesPerBuffer, tainted };
}

interface Opened {
	native: NativeStream;
	format: PcmFormat;
	tainted: boolean;
}

async function openNative(addon: Addon, request: OpenPayload): Promise<Opened> {
	const { direction, device, asoundFolder } = request;
	let tainted = false;
	for (let tries = 0; tries < 3; tries++) {
		const id = device === '' ? undefined : findDevice(addon, direction, device, asoundFolder);
		const result = negotiate(
			(format) => create(addon, request, id, format),
			request.format,
			request.hint,
			() => capabilitiesOf(addon, direction, id),
		);
		if (!('opened' in result)) throw refused(request, result);
		tainted ||= result.refusals > 0;
		// Each opening looks for devices anew, and numbers shift when one comes or goes in between.
		if (id === undefined || isDevice(addon, id, device))
			return { native: result.opened, format: result.format, tainted };
		await result.opened.quit('ABORT');
	}
	throw openFailed(direction, device, 'the devices keep changing');
}

function create(addon: Addon, request: OpenPayload, id: number | undefined, format: PcmFormat): NativeStream {
	const { direction } = request;
	const framesPerBuffer = scaleFrames(request, format);
	const options = {
		...(id === undefined ? {} : { deviceId: id }),
		channelCount: format.channels,
		sampleRate: format.sampleRate,
		sampleFormat: 16 as const,
		framesPerBuffer,
		maxQueue: direction === 'input' ? inputQueue(pieceBytes(framesPerBuffer, format), format) : OUTPUT_QUEUE,
		closeOnError: direction === 'output',
	};
	return addon.create(direction === 'input' ? { inOptions: options } : { outOptions: options });
}

/** As long in the format that the device agreed to as what was asked for in the one that was wanted. */
function scaleFrames({ direction, framesPerBuffer, format: wanted }: OpenPayload, format: PcmFormat): number {
	const frames = Math.round(((framesPerBuffer || DEFAULT_FRAMES) * format.sampleRate) / wanted.sampleRate);
	return Math.max(direction === 'output' ? OUTPUT_MIN_FRAMES : 1, frames);
}

function refused({ direction, device, format, asoundFolder }: OpenPayload, refusal: Refusal): VoiceError {
	switch (refusal.reason) {
		case 'busy':
			return deviceBusy(direction, device);
		case 'no default':
			return missingDevice(direction, device, namesOf(direction), asoundFolder);
		case 'format':
			return formatRefused(direction, device, format);
		case 'other':
			return openFailed(direction, device, refusal.text);
	}
}

function namesOf(direction: Direction): string[] {
	return listDevices(loadAddon(direction))
		.filter((device) => (direction === 'input' ? device.inputChannels : device.outputChannels) > 0)
		.map((device) => device.name);
}

function reasonOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}
