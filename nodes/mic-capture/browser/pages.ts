import { loadResampler } from '../../../lib/audio/resample.ts';
import type { PageConnection } from '../../../lib/browser/connection.ts';
import type { Clock } from '../../../lib/node/clock.ts';
import type { VoiceError } from '../../../lib/node/errors.ts';
import type { EndReason } from '../../../lib/node/messages.ts';
import type { Message } from '../mic-node.ts';
import type { Chunk, StreamLabel, TakeSettings } from '../take.ts';
import { Addresses } from './addresses.ts';
import { Missed } from './missed.ts';
import { Page, type PageHost } from './page.ts';
import { resultOf } from './results.ts';

export interface PagesEvents {
	chunk(chunk: Chunk): void;
	abandoned(label: StreamLabel): void;
	/** @param label the stream that failed, if one did */
	error(error: VoiceError, label?: StreamLabel): void;
	changed(): void;
}

/** All pages that use one node: what they have in common, and who gets which answer. */
export class Pages {
	readonly #host: PageHost;
	readonly #events: PagesEvents;
	readonly #pages = new Set<Page>();
	/** Which home a stream came from. */
	readonly #addresses: Addresses<string>;
	/** Who is at home: the page's newest connection. */
	readonly #homes = new Map<string, Page>();
	readonly #missed: Missed;
	readonly #resampler: Promise<void>;

	/** @param label names the next stream */
	constructor(settings: TakeSettings, label: () => StreamLabel, time: Clock, events: PagesEvents) {
		const { format, maxMs, startTimeoutMs, silenceStopMs, silenceThresholdDb } = settings;
		const { sampleRate } = format;
		this.#events = events;
		this.#addresses = new Addresses(() => time.now());
		this.#missed = new Missed(() => time.now());
		// Missed only by those who need it, and they say so.
		this.#resampler = loadResampler().catch(() => {});
		this.#host = {
			settings,
			limits: { sampleRate, maxMs, startTimeoutMs, silenceStopMs, silenceThresholdDb },
			time,
			label,
			started: (page, stream) => {
				this.#addresses.add(stream, page.home);
				events.changed();
			},
			chunk: (chunk) => events.chunk(chunk),
			abandoned: (stream) => events.abandoned(stream),
			ended: (stream) => {
				this.#addresses.ended(stream);
				events.changed();
			},
			gone: (page) => {
				if (!page.isKnown) this.#addresses.forget(page.home);
				if (this.#homes.get(page.home) === page) this.#homes.delete(page.home);
				this.#pages.delete(page);
				events.changed();
			},
			error: (error, stream) => events.error(error, stream),
		};
	}

	/** Pages that are connected. */
	get count(): number {
		return this.#pages.size;
	}

	/** Pages into which somebody speaks. */
	get speaking(): number {
		return this.#running().length;
	}

	add(connection: PageConnection): void {
		const page = new Page(this.#host, connection);
		this.#pages.add(page);
		this.#homes.set(page.home, page);
		this.#events.changed();
		void this.#resampler.then(() => {
			page.ready();
			for (const message of this.#missed.take(page.home)) page.send(message);
		});
	}

	/** Ends what is being said. @param stream only that one */
	stop(reason: EndReason, stream?: string): void {
		for (const page of this.#running(stream)) page.stop(reason);
	}

	/** Abandons what is being said. @param stream only that one */
	reset(stream?: string): void {
		for (const page of this.#running(stream)) page.abandon();
	}

	/**
	 * Tells a page what was recognised, also on its next connection. What is of another microphone, or of a page that
	 * is gone for ever, is left alone.
	 */
	answer(message: Message): void {
		const result = resultOf(message);
		if (!result) return;
		const home = this.#addresses.find(result.stream);
		if (home === undefined) return;
		const told = result.message(String(result.stream));
		const page = this.#homes.get(home);
		if (page) page.send(told);
		else this.#missed.add(home, told);
	}

	#running(stream?: string): Page[] {
		return [...this.#pages].filter((page) =>
			stream === undefined ? page.stream !== undefined : page.stream === stream,
		);
	}
}
