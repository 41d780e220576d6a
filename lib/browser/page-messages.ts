import type { PageMessage } from './protocol.ts';

const CAUSES: readonly unknown[] = ['max', 'silence', 'start-timeout'];

/** Reads a text frame. Undefined for what no page of ours sends. */
export function readPageMessage(text: string): PageMessage | undefined {
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		return undefined;
	}
	if (parsed === null || typeof parsed !== 'object') return undefined;
	const { type, utterance, sampleRate, cause } = parsed as Record<string, unknown>;
	if (typeof utterance !== 'number' || !Number.isSafeInteger(utterance) || utterance < 1) return undefined;
	switch (type) {
		case 'start':
			// JSON has no infinity, but 1e999.
			if (typeof sampleRate !== 'number' || !Number.isFinite(sampleRate)) return undefined;
			return { type, utterance, sampleRate };
		case 'stop':
			if (cause === undefined) return { type, utterance };
			return CAUSES.includes(cause) ? { type, utterance, cause: cause as 'max' } : undefined;
		case 'reset':
			return { type, utterance };
		default:
			return undefined;
	}
}
