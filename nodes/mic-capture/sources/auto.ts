import { VoiceError } from '../../../lib/node/errors.ts';
import type { Source } from './source.ts';

/**
 * The first of `sources` whose software is installed. Only MIC_BACKEND_MISSING leads on to the next one: an error
 * about the device would be no better there, and would hide the first. What worked is tried first from then on.
 */
export function autoSource(sources: readonly Source[]): Source {
	let ordered = [...sources];

	async function first<T>(attempt: (source: Source) => Promise<T>): Promise<T> {
		const missing: VoiceError[] = [];
		for (const source of ordered) {
			try {
				const result = await attempt(source);
				ordered = [source, ...sources.filter((other) => other !== source)];
				return result;
			} catch (thrown) {
				if (!(thrown instanceof VoiceError) || thrown.code !== 'MIC_BACKEND_MISSING') throw thrown;
				missing.push(thrown);
			}
		}
		throw new VoiceError(
			'MIC_BACKEND_MISSING',
			`No way to a microphone is installed (${missing.map((error) => error.problem).join('; ')})`,
			missing.at(-1)?.remedy ?? 'sudo apt install alsa-utils',
		);
	}

	return {
		open: (options, events) => first((source) => source.open(options, events)),
		devices: () => first((source) => source.devices()),
	};
}
