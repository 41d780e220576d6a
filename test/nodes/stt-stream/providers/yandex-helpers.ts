import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type {
	OpenOptions,
	ProviderConfig,
	SttProvider,
} from '../../../../nodes/stt-stream/providers/provider.ts';
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

export const never = (): AbortSignal => new AbortController().signal;

export const wishes = (more: Partial<OpenOptions> = {}): OpenOptions => ({
	sampleRate: 16_000,
	language: '',
	partials: true,
	refined: false,
	...more,
});
