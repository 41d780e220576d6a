import { type PcmFormat, sameFormat } from '../audio/format.ts';
import type { Capabilities } from './devices.ts';

/** Tried in this order when a device refuses the rate asked for and its own default rate. */
const USUAL_RATES = [48_000, 44_100, 32_000, 16_000, 8_000];

/** What the search ends with when nothing was opened. */
export interface Refusal {
	/** `format`: only rates and channel counts were refused. */
	reason: 'format' | 'busy' | 'no default' | 'other';
	/** PortAudio's words. */
	text: string;
}

export type Negotiated<T> = { opened: T; format: PcmFormat; refusals: number } | Refusal;

/**
 * Opens a device in the wanted format or the nearest that it takes: the rate wanted, the device's default, the usual
 * ones; for each the channels wanted, 1, 2, all.
 * @param open throws an Error with PortAudio's words
 * @param hint the format to try first
 * @param capabilities called only after a refusal
 */
export function negotiate<T>(
	open: (format: PcmFormat) => T,
	wanted: PcmFormat,
	hint: PcmFormat | undefined,
	capabilities: () => Capabilities | undefined,
): Negotiated<T> {
	const first = hint ?? wanted;
	let refusal = attempt(open, first);
	if ('opened' in refusal) return { ...refusal, format: first, refusals: 0 };
	if (isFinal(refusal)) return refusal;
	const device = capabilities();
	const badRates = new Set(isAboutRate(refusal) ? [first.sampleRate] : []);
	let refusals = 1;
	let other = refusal.reason === 'other' ? refusal : undefined;
	for (const format of device ? candidates(wanted, device) : []) {
		if (badRates.has(format.sampleRate) || sameFormat(format, first)) continue;
		refusal = attempt(open, format);
		if ('opened' in refusal) return { ...refusal, format, refusals };
		refusals++;
		if (isFinal(refusal)) return refusal;
		if (refusal.reason === 'other') other = refusal;
		if (isAboutRate(refusal)) badRates.add(format.sampleRate);
	}
	return other ?? refusal;
}

const isAboutRate = ({ text }: Refusal): boolean => /sample rate/i.test(text);

function attempt<T>(open: (format: PcmFormat) => T, format: PcmFormat): { opened: T } | Refusal {
	try {
		return { opened: open(format) };
	} catch (thrown) {
		const text = thrown instanceof Error ? thrown.message : String(thrown);
		return { reason: classify(text), text };
	}
}

/** PortAudio's texts: pa_front.c, Pa_GetErrorText; naudiodon's own: PaContext.cc. */
function classify(text: string): Refusal['reason'] {
	if (/device unavailable/i.test(text)) return 'busy';
	if (/no default device/i.test(text)) return 'no default';
	return /sample rate|channel/i.test(text) ? 'format' : 'other';
}

const isFinal = ({ reason }: Refusal): boolean => reason === 'busy' || reason === 'no default';

/** All formats worth a try, nearest first. */
export function candidates(wanted: PcmFormat, device: Capabilities): PcmFormat[] {
	const rates = new Set([wanted.sampleRate, device.sampleRate, ...USUAL_RATES]);
	// More channels than the device has are refused by naudiodon, not by PortAudio.
	const channels = [...new Set([wanted.channels, 1, 2, device.channels])].filter(
		(count) => count > 0 && count <= device.channels,
	);
	return [...rates].flatMap((sampleRate) => channels.map((count) => ({ sampleRate, channels: count })));
}
