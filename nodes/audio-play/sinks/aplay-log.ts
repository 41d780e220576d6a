/** How aplay has set the device up. */
export interface AplaySetup {
	sampleRate: number;
	channels: number;
}

export interface AplayLogEvents {
	/** The device is open; comes before aplay reads any sound. */
	setup(setup: AplaySetup): void;
	/** The device ran dry. For how long is not told: without time stamps aplay prints the time since 1970. */
	underrun(): void;
}

const TAIL_LINES = 12;

/**
 * Understands what `aplay --verbose --dump-hw-params` prints to stderr with LC_ALL=C (alsa-utils 1.1 to 1.2, aplay.c
 * and libasound's snd_pcm_dump).
 */
export class AplayLog {
	readonly #events: AplayLogEvents;
	readonly #tail: string[] = [];
	#rest = '';
	#inSetup = false;
	#channels = 0;
	#sampleRate = 0;
	#announced = false;
	/** Channel counts that the device takes, if it said so. */
	channelRange: { min: number; max: number } | undefined;
	/** The sound ends in ALSA's `null` device, which takes it as fast as it comes. */
	unpaced = false;

	constructor(events: AplayLogEvents) {
		this.#events = events;
	}

	push(text: string): void {
		const lines = (this.#rest + text).split('\n');
		// A line is short; what never ends is no message of aplay's.
		this.#rest = (lines.pop() as string).slice(-2000);
		for (const line of lines) this.#line(line);
	}

	/** Why aplay failed, in its own words, or the last lines if it gave no reason. */
	get reason(): string {
		const lines = [...this.#tail, this.#rest].map((line) => line.trim()).filter(Boolean);
		const said = lines.filter((line) => /^aplay: |^ALSA lib /.test(line));
		const words = said.map((line) => line.replace(/^aplay: \w+:\d+: |^ALSA lib \S+ *|^\(\w+\) /g, ''));
		return (words.length ? words : lines).slice(-3).join('; ');
	}

	#line(line: string): void {
		this.#tail.push(line);
		if (this.#tail.length > TAIL_LINES) this.#tail.shift();
		if (/\bNull PCM\b/.test(line)) this.unpaced = true;
		if (line.startsWith('underrun!!!')) this.#events.underrun();
		else if (!this.#announced) this.#setupLine(line);
	}

	/** The first "Its setup is:" belongs to the device that was opened; those after it to what lies behind. */
	#setupLine(line: string): void {
		const range = /^CHANNELS:\s+[[(]?(\d+)(?:\s+(\d+))?/.exec(line);
		if (range) this.channelRange = { min: Number(range[1]), max: Number(range[2] ?? range[1]) };
		if (line.startsWith('Its setup is:')) this.#inSetup = true;
		if (!this.#inSetup) return;
		const [, name, value] = /^\s+(channels|rate|buffer_size)\s*:\s*(\d+)/.exec(line) ?? [];
		if (name === 'channels') this.#channels = Number(value);
		if (name === 'rate') this.#sampleRate = Number(value);
		if (name !== 'buffer_size') return;
		this.#announced = true;
		this.#events.setup({ sampleRate: this.#sampleRate, channels: this.#channels });
	}
}
