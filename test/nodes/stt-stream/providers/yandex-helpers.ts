import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { ProviderConfig, SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { type LoopbackYandex, startYandex, type YandexSettings } from '../../../lab/recognisers/yandex.ts';

/** The provider, at a loopback recogniser and with its key. */
export function providerAt(recogniser: LoopbackYandex, more: Partial<ProviderConfig> = {}): SttProvider {
	const { apiKey, endpoint } = recogniser;
	const credentials = { apiKey, token: '', serviceAccount: '' };
	return createProvider('yandex', { endpoint, caFile: '', model: '', options: {}, credentials, ...more });
}

export async function withRecogniser(
	settings: YandexSettings,
	use: (recogniser: LoopbackYandex) => Promise<void>,
): Promise<void> {
	const recogniser = await startYandex(settings);
	try {
		await use(recogniser);
	} finally {
		await recogniser.stop();
	}
}

/** Stalls every session, once each has got audio. Resolves with what makes them go on. */
export async function freeze(recogniser: LoopbackYandex): Promise<() => void> {
	const open = await recogniser.until('audio of every session', () => {
		const records = recogniser.records.filter(({ closed }) => !closed);
		return records.length > 0 && records.every(({ bytes }) => bytes > 0) && records;
	});
	const calls = open.map((record) => recogniser.call(record));
	for (const call of calls) call.act({ do: 'stall' });
	return () => {
		for (const call of calls) call.resume();
	};
}
