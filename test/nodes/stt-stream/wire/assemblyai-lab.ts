import assert from 'node:assert/strict';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import {
	type AssemblyAiSettings,
	type LoopbackAssemblyAi,
	startAssemblyAi,
} from '../../../lab/recognisers/assemblyai.ts';
import { providerAt, type Version } from '../providers/assemblyai-helpers.ts';
import { checkRuns, checkTimes, checkWords } from './checks.ts';
import type { WireStream } from './stream.ts';

export const VERSIONS = ['assemblyai', 'assemblyai-v2'] as const;

/** A recogniser of its own for each test; afterwards nothing may be left of its connections. */
export async function withAssemblyAi<T>(
	settings: AssemblyAiSettings & { readonly version?: Version },
	run: (provider: SttProvider, recogniser: LoopbackAssemblyAi) => Promise<T>,
): Promise<T> {
	const { version = 'assemblyai', ...more } = settings;
	const recogniser = await startAssemblyAi({ turnWords: 5, ...more });
	try {
		const result = await run(providerAt(recogniser, version), recogniser);
		await recogniser.until('the end of every connection', () => recogniser.open === 0);
		return result;
	} finally {
		await recogniser.stop();
	}
}

/** Everything was heard, and nothing but the audio from the last final on was sent again. */
export function checkAll(stream: WireStream, recogniser: LoopbackAssemblyAi, sent: Buffer, count: number) {
	assert.deepEqual(stream.errors, []);
	stream.check();
	checkWords(stream.text, count);
	checkTimes(stream.finals);
	return checkRuns(sent, recogniser.records, stream.finals);
}
