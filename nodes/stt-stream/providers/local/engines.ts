import { VoiceError } from '../provider.ts';
import { ContinuousParser } from './continuous-parser.ts';
import { detectorLead, LEAD_MS } from './detector-lead.ts';
import { type Engine, SAMPLE_RATE } from './engine.ts';
import { LiveParser } from './live-parser.ts';
import { DEFAULT_MODEL, type SphinxModel } from './model.ts';
import { type Program, SIDECAR } from './programs.ts';
import { SidecarParser } from './sidecar-parser.ts';

export interface EngineSettings {
	readonly model: SphinxModel;
	/** Silence that ends an utterance. */
	readonly endSilenceMs: number;
	/** How far speech must rise above the background: natural logarithm of a ratio of powers. */
	readonly vadThreshold: number;
	/** Tag put on results, '' for none. */
	readonly language: string;
}

const FRAME_MS = 10;
/** `live` has a detector that needs no noise, but eats some samples while it looks for a WAV header. */
const LIVE_LEAD = Buffer.alloc((SAMPLE_RATE * 2 * LEAD_MS) / 1000);
/**
 * `live` forgets the utterance that is being spoken when its input ends on a frame's border (30 ms). A second of
 * silence ends the utterance before, and one more sample makes sure that the border is missed.
 */
const LIVE_TAIL = Buffer.alloc(SAMPLE_RATE * 2 + 2);

/** How to run `program` with these settings. */
export function engineFor(program: Program, settings: EngineSettings): Engine {
	const { command, kind } = program;
	const { model, endSilenceMs, vadThreshold, language } = settings;
	const refused = (reason: string) => refusal(model, reason);
	const parsing = { leadMs: LEAD_MS, confidence: !model.jsgf, language };
	switch (kind) {
		case 'python3': {
			const detector = ['--end-silence', String(endSilenceMs), '--vad-threshold', String(vadThreshold)];
			return {
				command,
				args: () => [SIDECAR, ...modelFlags(model, '--'), ...detector],
				namedPipe: false,
				parser: () => new SidecarParser(parsing),
				lead: detectorLead(),
				tail: Buffer.alloc(0),
				refused,
			};
		}
		case 'pocketsphinx_continuous': {
			const frames = String(Math.round(endSilenceMs / FRAME_MS));
			const detector = ['-vad_postspeech', frames, '-vad_threshold', String(vadThreshold)];
			return {
				command,
				args: (pipe) => ['-infile', pipe, '-time', 'yes', ...modelFlags(model, '-'), ...detector],
				namedPipe: true,
				parser: () => new ContinuousParser(parsing),
				// Logged between loading and listening (programs/continuous.c).
				loaded: /COMPILED ON/,
				lead: detectorLead(),
				tail: Buffer.alloc(0),
				refused,
			};
		}
		case 'pocketsphinx':
			return {
				command,
				args: () => [...modelFlags(model, '-'), '-loglevel', 'INFO', 'live', '-'],
				namedPipe: false,
				parser: () => new LiveParser(parsing),
				// Logged by ps_endpointer_init, after the decoder is loaded.
				loaded: /Threshold \d+% of .* window/,
				lead: LIVE_LEAD,
				tail: LIVE_TAIL,
				refused,
			};
	}
}

function modelFlags({ hmm, dict, lm, jsgf }: SphinxModel, dashes: string): string[] {
	const search = jsgf ? [`${dashes}jsgf`, jsgf] : [`${dashes}lm`, lm ?? ''];
	return [`${dashes}hmm`, hmm, `${dashes}dict`, dict, ...search];
}

/** Which of its files the engine did not like, by its own words. */
function refusal({ jsgf, hmm }: SphinxModel, reason: string): VoiceError {
	if (jsgf && /jsgf|grammar|syntax|missing in the dictionary|rule/i.test(reason))
		return new VoiceError(
			'STT_CONFIG',
			`PocketSphinx refuses the grammar ${jsgf} (${reason})`,
			'correct the JSGF file; it may only use words of the dictionary',
		);
	const own = !hmm.startsWith(DEFAULT_MODEL);
	return new VoiceError(
		'STT_ENGINE',
		`PocketSphinx does not start with the model ${hmm} (${reason})`,
		own ? 'check the model folder' : 'sudo apt install --reinstall pocketsphinx-en-us',
	);
}
