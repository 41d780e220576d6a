import assert from 'node:assert/strict';
import type { Capabilities, SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { GoogleSettings, LoopbackGoogle } from '../../../lab/recognisers/google.ts';
import { RATE } from '../helpers.ts';
import { providerAt, type Version, withRecogniser } from '../providers/google-helpers.ts';
import { checkRuns, checkTimes, checkWords, type Run } from './checks.ts';
import type { WireStream } from './stream.ts';

/** Of a test: with other capabilities where it shortens what the recogniser allows. */
export interface GoogleOptions extends GoogleSettings {
	readonly version: Version;
	readonly capabilities?: Partial<Capabilities>;
}

/** A final settles so much more than its last word. */
const MARGIN_MS = 10;

/** A recogniser of its own for each test, with a final every five words; afterwards no connection may be left. */
export const withGoogle = (
	{ version, capabilities, ...settings }: GoogleOptions,
	run: (provider: SttProvider, recogniser: LoopbackGoogle) => Promise<void>,
): Promise<void> =>
	withRecogniser({ turnWords: 5, ...settings }, async (recogniser) => {
		const provider = providerAt(recogniser, version);
		await run({ ...provider, capabilities: { ...provider.capabilities, ...capabilities } }, recogniser);
		await recogniser.until('the end of every connection', () => recogniser.open === 0);
	});

/** Everything was heard once, and nothing but the audio from the last final on was sent again. */
export function checkAll(
	stream: WireStream,
	recogniser: LoopbackGoogle,
	sent: Buffer,
	{ count, rate = RATE }: { count: number; rate?: number },
): Run[] {
	assert.deepEqual(stream.errors, []);
	stream.check();
	checkWords(stream.text, count);
	checkTimes(stream.finals);
	const settled = stream.finals.map((final) => ({ ...final, endMs: final.endMs + MARGIN_MS }));
	return checkRuns(sent, recogniser.records, settled, rate);
}
