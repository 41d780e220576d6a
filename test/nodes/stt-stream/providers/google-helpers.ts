import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { ProviderConfig, SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { type GoogleSettings, type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';

export const VERSIONS = ['v1', 'v2'] as const;
export type Version = (typeof VERSIONS)[number];

/** The provider, at a loopback recogniser and with its key, or its token for v2. */
export function providerAt(
	recogniser: LoopbackGoogle,
	version: Version = 'v1',
	{ options, ...more }: Partial<ProviderConfig> = {},
): SttProvider {
	const { apiKey, endpoint, project } = recogniser;
	return createProvider('google', {
		endpoint,
		caFile: '',
		model: '',
		options: { apiVersion: version, ...(version === 'v2' && { project }), ...options },
		credentials: {
			apiKey: version === 'v1' ? apiKey : '',
			token: version === 'v2' ? 'lab-access-token' : '',
			serviceAccount: '',
		},
		...more,
	});
}

export async function withRecogniser(
	settings: GoogleSettings,
	use: (recogniser: LoopbackGoogle) => Promise<void>,
): Promise<void> {
	const recogniser = await startGoogle(settings);
	try {
		await use(recogniser);
	} finally {
		await recogniser.stop();
	}
}

/** Stalls every session, once each has got audio. Resolves with what makes them go on. */
export async function freeze(recogniser: LoopbackGoogle): Promise<() => void> {
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
