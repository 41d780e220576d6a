import { createAssemblyAi, createAssemblyAiV2 } from './assemblyai.ts';
import { createGoogle } from './google.ts';
import { createLocal } from './local.ts';
import { type ProviderConfig, type ProviderFactory, type SttProvider, VoiceError } from './provider.ts';
import { createYandex } from './yandex.ts';

/** Every recogniser. A new one is a file that exports its factory, and a line here. */
const PROVIDERS: Readonly<Record<string, ProviderFactory>> = {
	local: createLocal,
	assemblyai: createAssemblyAi,
	'assemblyai-v2': createAssemblyAiV2,
	yandex: createYandex,
	google: createGoogle,
};

/** @throws VoiceError STT_CONFIG for a provider that there is not, or settings that it cannot work with */
export function createProvider(id: string, config: ProviderConfig): SttProvider {
	const factory = Object.hasOwn(PROVIDERS, id) ? PROVIDERS[id] : undefined;
	if (factory) return factory(config);
	throw new VoiceError(
		'STT_CONFIG',
		`There is no speech provider "${id.slice(0, 40)}"`,
		`choose one of ${Object.keys(PROVIDERS).join(', ')}`,
	);
}
