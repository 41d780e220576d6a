import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { ProviderConfig, SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { LoopbackAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';

export type Version = 'assemblyai' | 'assemblyai-v2';

/** The provider, at a loopback recogniser and with its key. */
export function providerAt(
	recogniser: LoopbackAssemblyAi,
	version: Version = 'assemblyai',
	more: Partial<ProviderConfig> = {},
): SttProvider {
	const endpoint = version === 'assemblyai' ? recogniser.url : recogniser.urlV2;
	const credentials = { apiKey: recogniser.apiKey, token: '', serviceAccount: '' };
	return createProvider(version, { endpoint, caFile: '', model: '', options: {}, credentials, ...more });
}
