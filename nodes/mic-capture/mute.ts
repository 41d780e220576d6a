import { bytesToFrames, frameBytes, type PcmFormat } from '../../lib/audio/format.ts';
import type { Clock } from '../../lib/node/clock.ts';
import { onSounding } from '../../lib/node/sounding.ts';

/** A room goes on sounding for a moment after the loudspeaker. */
const ECHO_MS = 250;
/** Sound that was captured so long ago has arrived: also on a machine that was busy. */
const LATEST_MS = 60_000;

interface Span {
	readonly from: number;
	to: number;
}

/** Silences what a microphone captured while a loudspeaker of ours sounded, to the sample as far as clocks agree. */
export class Mute {
	readonly #time: Clock;
	readonly #unlisten: () => void;
	#spans: Span[] = [];

	constructor(time: Clock) {
		this.#time = time;
		this.#unlisten = onSounding((sounding) => {
			const now = this.#time.now();
			// A microphone that is closed asks for none of them.
			this.#spans = this.#spans.filter(({ to }) => to > now - LATEST_MS);
			const last = this.#spans.at(-1);
			if (!sounding && last) last.to = now + ECHO_MS;
			else if (last && last.to >= now) last.to = Number.POSITIVE_INFINITY;
			else if (sounding) this.#spans.push({ from: now, to: Number.POSITIVE_INFINITY });
		});
	}

	/** Something that is captured now is silenced. */
	get active(): boolean {
		const now = this.#time.now();
		return this.#spans.some(({ from, to }) => from <= now && now < to);
	}

	/**
	 * @param pcm frames that begin at `position`
	 * @param positionAt the frame that was captured at a time; undefined if that is not known
	 * @returns `pcm`, or a copy with zeros where it is to be silent
	 */
	apply(
		pcm: Buffer,
		position: number,
		format: PcmFormat,
		positionAt: (time: number) => number | undefined,
	): Buffer {
		const frames = bytesToFrames(pcm.length, format);
		let heard = pcm;
		for (const span of [...this.#spans]) {
			const from = (positionAt(span.from) ?? position) - position;
			const to = span.to === Number.POSITIVE_INFINITY ? frames : (positionAt(span.to) ?? position) - position;
			if (to <= 0) this.#spans = this.#spans.filter((one) => one !== span);
			if (to <= 0 || from >= frames) continue;
			if (heard === pcm) heard = Buffer.from(pcm);
			const size = frameBytes(format);
			heard.fill(0, Math.max(0, from) * size, Math.min(frames, to) * size);
		}
		return heard;
	}

	close(): void {
		this.#unlisten();
	}
}
