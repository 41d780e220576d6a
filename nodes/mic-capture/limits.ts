import { frameBytes, msToFrames, type PcmFormat } from '../../lib/audio/format.ts';
import { LevelSteps } from '../../lib/audio/level-steps.ts';
import { VoiceError } from '../../lib/node/errors.ts';
import type { EndReason } from '../../lib/node/messages.ts';

export interface LimitSettings {
	/** A stream is at most so long, pre-roll included. For all of these: 0 = no such limit. */
	maxMs: number;
	/** It ends when no speech has begun so long after the start. */
	startTimeoutMs: number;
	/** It ends so long after speech has stopped. */
	silenceStopMs: number;
	/** dBFS of the root mean square; what is louder is speech. */
	silenceThresholdDb: number;
}

/** A click is not speech: it must last for so many steps of loudness. */
const SPEECH_STEPS = 3;
/** So long nothing but zeros: not a quiet room, but a microphone that is off. */
const DEAD_MS = 3000;

export function onlySilence(): VoiceError {
	return new VoiceError(
		'MIC_SILENT',
		'The microphone delivers only digital silence',
		'switch it on, unmute it, and check that Node-RED may use it',
	);
}

/** @param waitedMs how long the node waited; without, it was not the node who waited */
export function noSpeech(waitedMs = 0): VoiceError {
	return new VoiceError(
		'MIC_SILENT',
		waitedMs ? `No speech began within ${waitedMs / 1000} s` : 'No speech began in time',
		'speak sooner or louder, or lower the setting "silenceThresholdDb"',
	);
}

export interface Verdict {
	/** How many frames of the piece still belong to the stream. */
	frames: number;
	reason: EndReason;
}

/** Decides, sample by sample, where a stream ends by itself. */
export class Limits {
	readonly #settings: LimitSettings;
	readonly #format: PcmFormat;
	readonly #frameBytes: number;
	readonly #steps: LevelSteps;
	#frames = 0;
	/** Frames of pre-roll that are still to come: what was said before the start neither begins nor ends anything. */
	#preRoll: number;
	/** Frames after the pre-roll: handed over, and judged in whole steps. */
	#judged = 0;
	#sincePreRoll = 0;
	#speech = false;
	#loudSteps = 0;
	#quietFrames = 0;
	#sound = false;

	constructor(settings: LimitSettings, format: PcmFormat, preRollFrames = 0) {
		this.#settings = settings;
		this.#format = format;
		this.#frameBytes = frameBytes(format);
		this.#preRoll = preRollFrames;
		this.#steps = new LevelSteps(format);
	}

	/** Nothing but digital silence has come since the beginning, and for long enough to be suspicious. */
	get dead(): boolean {
		return !this.#sound && this.#frames >= msToFrames(DEAD_MS, this.#format);
	}

	/** The silence has a reason that we know. */
	excuse(): void {
		this.#sound = true;
	}

	/** Takes the next whole frames. Answers if the stream ends within them. */
	push(pcm: Buffer): Verdict | undefined {
		const frames = pcm.length / this.#frameBytes;
		this.#sound ||= pcm.some((byte) => byte !== 0);
		const { maxMs } = this.#settings;
		const room = maxMs ? msToFrames(maxMs, this.#format) - this.#frames : Number.POSITIVE_INFINITY;
		const quiet = this.#judge(pcm.subarray(0, Math.min(frames, room) * this.#frameBytes));
		this.#frames += frames;
		if (quiet) return quiet;
		return frames >= room ? { frames: room, reason: 'max' } : undefined;
	}

	#judge(pcm: Buffer): Verdict | undefined {
		const { startTimeoutMs, silenceStopMs } = this.#settings;
		if (!startTimeoutMs && !silenceStopMs) return undefined;
		const skipped = Math.min(this.#preRoll, pcm.length / this.#frameBytes);
		this.#preRoll -= skipped;
		const began = this.#judged;
		this.#judged += pcm.length / this.#frameBytes - skipped;
		for (const { rms, from, to } of this.#steps.push(pcm.subarray(skipped * this.#frameBytes))) {
			const reason = this.#judgeStep(rms, to - from);
			if (reason) return { frames: skipped + to - began, reason };
		}
		return undefined;
	}

	#judgeStep(rms: number, frames: number): EndReason | undefined {
		const { startTimeoutMs, silenceStopMs, silenceThresholdDb } = this.#settings;
		this.#sincePreRoll += frames;
		if (rms > silenceThresholdDb) {
			this.#quietFrames = 0;
			this.#speech ||= ++this.#loudSteps >= SPEECH_STEPS;
		} else {
			this.#loudSteps = 0;
			this.#quietFrames += frames;
		}
		const reached = (ms: number, count: number) => ms > 0 && count >= msToFrames(ms, this.#format);
		if (!this.#speech) return reached(startTimeoutMs, this.#sincePreRoll) ? 'start-timeout' : undefined;
		return reached(silenceStopMs, this.#quietFrames) ? 'silence' : undefined;
	}
}
