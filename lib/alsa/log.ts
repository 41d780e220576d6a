import { CHANNELS_MAX, isFormat, type PcmFormat } from '../audio/format.ts';

export interface AlsaLogEvents {
	/** The device is open, in this format; comes before the tool reads or writes any sound. */
	setup?(format: PcmFormat): void;
	/** The device ran dry. For how long is not told: without time stamps aplay prints the time since 1970. */
	underrun?(): void;
	/** The card had to throw so many milliseconds of audio away. */
	overrun?(ms: number): void;
}

/** What to ask a device for. */
export interface Ask {
	/** alsa-utils' name of the sample encoding, such as S16_LE. */
	encoding: string;
	channels: number;
}

const LINES = 3;
/** A line is short; what never ends is no message of the tool's. */
const LINE_CHARACTERS = 2000;

const OWN = /^(?:arecord|aplay): (?:\w+:\d+: )?/;
const LIBRARY = /^ALSA lib (?:\S+ +)?/;

/**
 * Understands what `arecord` or `aplay --verbose --dump-hw-params` prints to stderr in English (alsa-utils 1.1 to 1.2,
 * aplay.c and libasound's snd_pcm_dump). Keeps little, whatever is printed.
 */
export class AlsaLog {
	/** How the device that was opened is set up; not what lies behind it. */
	setup: PcmFormat | undefined;
	/** The sound comes from ALSA's `null` device, or ends there, as fast as it is read or written. */
	unpaced = false;
	/** The encodings that the device takes, if it said so. */
	encodings: readonly string[] = [];
	readonly #events: AlsaLogEvents;
	/** The last lines, those of them that complain, and what the tool itself said last. */
	readonly #tail: string[] = [];
	readonly #complaints: string[] = [];
	#own: string | undefined;
	#rest = '';
	#channelsOffered = '';
	#inSetup = false;
	#channels: number | undefined;

	constructor(events: AlsaLogEvents = {}) {
		this.#events = events;
	}

	push(text: string): void {
		const lines = (this.#rest + text).split('\n');
		this.#rest = (lines.pop() as string).slice(-LINE_CHARACTERS);
		for (const line of lines) this.#line(line.slice(-LINE_CHARACTERS));
	}

	/** Why the tool failed, in the words of the tool and of libasound, or its last lines if it gave no reason. */
	get reason(): string {
		const complaints = [...this.#complaints, ...(isComplaint(this.#rest) ? [this.#rest] : [])];
		const lines = complaints.length ? complaints : [...this.#tail, this.#rest.trim()].filter(Boolean);
		const words = lines.map((line) => line.replace(OWN, '').replace(LIBRARY, '').trim());
		return words.slice(-LINES).join('; ');
	}

	/** The tool's own last words, without the noise that libasound makes while it looks for devices. */
	get ownReason(): string | undefined {
		const own = OWN.test(this.#rest) ? this.#rest : this.#own;
		return own?.replace(OWN, '').trim();
	}

	/** The number of channels nearest to `wanted` that the device takes, if it said so. */
	channelsNear(wanted: number): number | undefined {
		// "2", "2 4 8" (a list) or "[2 8]" (a range)
		const numbers = this.#channelsOffered.match(/[1-9]\d*/g)?.map(Number) ?? [];
		const [low, high] = numbers;
		if (/^[[(]/.test(this.#channelsOffered) && low !== undefined && high !== undefined)
			return Math.min(Math.max(wanted, low), high);
		return numbers.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
	}

	/**
	 * After a refusal: the nearest thing that the device says it can do, or undefined if that would not help.
	 * @param encodings those that we can do, the best first
	 */
	nextAsk(asked: Ask, encodings: readonly string[]): Ask | undefined {
		const words = this.ownReason ?? '';
		let next = asked;
		if (/channels? count (non|not) available/i.test(words))
			next = {
				...asked,
				channels: Math.min(this.channelsNear(asked.channels) ?? asked.channels, CHANNELS_MAX),
			};
		else if (/sample format (non|not) available/i.test(words)) {
			const encoding = encodings.find((name) => this.encodings.includes(name));
			next = { ...asked, encoding: encoding ?? asked.encoding };
		}
		return next.channels === asked.channels && next.encoding === asked.encoding ? undefined : next;
	}

	#line(line: string): void {
		if (line.trim()) keep(this.#tail, line.trim());
		if (isComplaint(line)) keep(this.#complaints, line);
		if (OWN.test(line)) this.#own = line;
		if (/\bNull PCM\b/.test(line)) this.unpaced = true;
		if (line.startsWith('underrun!!!')) this.#events.underrun?.();
		const lost = /overrun!!! \(at least (\d+(?:\.\d+)?) ms long\)/.exec(line)?.[1];
		if (lost !== undefined) this.#events.overrun?.(Number(lost));
		if (!this.setup) this.#setupLine(line);
	}

	/** The first "Its setup is:" belongs to the device that was opened; those after it to what lies behind. */
	#setupLine(line: string): void {
		const [, offered, values = ''] = /^(CHANNELS|FORMAT):\s+(.*)$/.exec(line) ?? [];
		if (offered === 'CHANNELS') this.#channelsOffered = values;
		if (offered === 'FORMAT') this.encodings = values.split(/\s+/);
		if (line.startsWith('Its setup is:')) this.#inSetup = true;
		if (!this.#inSetup) return;
		const [, name, value] = /^\s*(channels|rate)\s*:\s*(\d+)/.exec(line) ?? [];
		if (name === 'channels') this.#channels = Number(value);
		if (name !== 'rate' || this.#channels === undefined) return;
		const setup = { sampleRate: Number(value), channels: this.#channels };
		if (!isFormat(setup)) return;
		this.setup = setup;
		this.#events.setup?.(setup);
	}
}

const isComplaint = (line: string): boolean => /^(arecord|aplay): |^ALSA lib /.test(line);

function keep(lines: string[], line: string): void {
	lines.push(line);
	if (lines.length > LINES) lines.shift();
}
