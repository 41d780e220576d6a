import type { DeviceName } from '../../../lib/audio/device-name.ts';
import type { PcmFormat } from '../../../lib/audio/format.ts';
import type { VoiceError } from '../../../lib/node/errors.ts';

export interface SourceOptions {
	/** Exact name of the device; '' is the system's default. */
	device: string;
	/** What is asked for. A device may deliver something else, and says so in `Capture.format`. */
	format: PcmFormat;
	/** A hint for how much audio to deliver at a time. */
	framesPerBuffer: number;
	/** A device that delivers nothing for so long has stalled. */
	stallMs: number;
	/** Only for `file`: the path of a WAV file. */
	file: string;
	/** Only for `file`: begin again at the end. */
	loop: boolean;
	/** Only for `file`: how many times faster than real time it plays. */
	pace: number;
}

export interface SourceEvents {
	/** Whole frames of s16le in `Capture.format`, fresh memory. Never before `open` has resolved. */
	data(pcm: Buffer): void;
	/** The device was read too slowly, or the machine was too busy: so much audio is missing here. */
	dropped?(ms: number): void;
	/** The audio is over, as intended. Nothing follows. */
	end(): void;
	/** The device stopped delivering. Nothing follows; `close` is still to be called. */
	lost(error: VoiceError): void;
}

/** An open microphone. */
export interface Capture {
	/** What `data` really brings. */
	readonly format: PcmFormat;
	/** Lets the device go; resolves when it is free. No event follows the call. Never rejects; safe to call twice. */
	close(): Promise<void>;
}

/** A kind of microphone. Several may be open at once, each with events of its own. */
export interface Source {
	/**
	 * Opens the device and starts capturing. Rejects with a VoiceError (MIC_BACKEND_MISSING, MIC_DEVICE_NOT_FOUND,
	 * MIC_DEVICE_BUSY, MIC_FORMAT, MIC_STALLED) and then holds nothing; never takes longer than some seconds.
	 */
	open(options: SourceOptions, events: SourceEvents): Promise<Capture>;
	/** The devices that are there. Rejects like `open`. */
	devices(): Promise<DeviceName[]>;
}

/**
 * Stands between a device and its listener, so that every source keeps the order that SourceEvents promises:
 * nothing before `open` has resolved, nothing after the end, nothing after `close`.
 */
export class EventGate implements SourceEvents {
	readonly #events: SourceEvents;
	#waiting: (() => void)[] | undefined = [];
	#closed = false;

	constructor(events: SourceEvents) {
		this.#events = events;
	}

	/**
	 * Lets events through from the next turn of the event loop on, when whoever awaits `open` has its Capture.
	 * Until then they wait; that is less than what one turn reads.
	 */
	open(): void {
		setImmediate(() => {
			const waiting = this.#waiting ?? [];
			this.#waiting = undefined;
			for (const event of waiting) event();
		});
	}

	close(): void {
		this.#closed = true;
	}

	get closed(): boolean {
		return this.#closed;
	}

	data(pcm: Buffer): void {
		if (pcm.length) this.#pass(() => this.#events.data(pcm));
	}

	dropped(ms: number): void {
		this.#pass(() => this.#events.dropped?.(ms));
	}

	end(): void {
		this.#last(() => this.#events.end());
	}

	lost(error: VoiceError): void {
		this.#last(() => this.#events.lost(error));
	}

	#last(event: () => void): void {
		this.#pass(() => {
			this.#closed = true;
			event();
		});
	}

	#pass(event: () => void): void {
		if (this.#waiting) this.#waiting.push(() => this.#closed || event());
		else if (!this.#closed) event();
	}
}
