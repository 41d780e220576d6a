import assert from 'node:assert/strict';
import type { Capabilities, SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { LoopbackYandex, YandexSettings } from '../../../lab/recognisers/yandex.ts';
import { RATE } from '../helpers.ts';
import { providerAt, withRecogniser } from '../providers/yandex-helpers.ts';
import { checkRuns, checkTimes, checkWords, type Run } from './checks.ts';
import type { WireStream } from './stream.ts';

/** Of a test: with other capabilities where it shortens what the recogniser allows. */
export interface YandexOptions extends YandexSettings {
	readonly capabilities?: Partial<Capabilities>;
}

/** A recogniser of its own for each test, with a final every five words; afterwards no connection may be left. */
export const withYandex = (
	{ capabilities, ...settings }: YandexOptions,
	run: (provider: SttProvider, recogniser: LoopbackYandex) => Promise<void>,
): Promise<void> =>
	withRecogniser({ turnWords: 5, ...settings }, async (recogniser) => {
		const provider = providerAt(recogniser);
		await run({ ...provider, capabilities: { ...provider.capabilities, ...capabilities } }, recogniser);
		await recogniser.until('the end of every connection', () => recogniser.open === 0);
	});

/** Everything was heard once, and nothing but the audio from the last final on was sent again. */
export function checkAll(
	stream: WireStream,
	recogniser: LoopbackYandex,
	sent: Buffer,
	{ count, rate = RATE }: { count: number; rate?: number },
): Run[] {
	assert.deepEqual(stream.errors, []);
	stream.check();
	checkWords(stream.text, count);
	checkTimes(stream.finals);
	return checkRuns(sent, recogniser.records, stream.finals, rate);
}
