import { CHANNELS_MAX, SAMPLE_RATE_MAX } from '../../lib/audio/format.ts';
import type { StreamSettings } from '../../lib/node/audio-streams.ts';
import { SettingsReader } from '../../lib/node/settings.ts';
import type { ProviderConfig } from './providers/provider.ts';
import type { SessionSettings } from './session.ts';

/** The node's settings as the editor stores them, with what holds where one is missing. */
export interface SttStreamSettings extends SessionSettings, StreamSettings {
	/** Streams recognised at the same time. */
	readonly maxStreams: number;
	/** A session is opened before there is audio. */
	readonly warm: boolean;
	readonly reconnectMs: number;
}

const HOUR_MS = 3_600_000;

/** @throws VoiceError STT_CONFIG that names the setting that cannot be used */
export function readSettings(config: object): SttStreamSettings {
	const read = new SettingsReader(config, 'STT_CONFIG');
	const whole = { integer: true } as const;
	return {
		language: read.text('language'),
		partials: read.flag('partials', true),
		finals: read.choice('finals', ['first', 'refined', 'both'], 'first'),
		warm: read.flag('warm', false),
		reconnectMs: read.number('reconnectMs', 60_000, { max: HOUR_MS }),
		maxStreams: read.number('maxStreams', 4, { ...whole, min: 1, max: 1000 }),
		connectTimeoutMs: read.number('connectTimeoutMs', 10_000, { min: 100, max: HOUR_MS }),
		finalTimeoutMs: read.number('finalTimeoutMs', 10_000, { min: 100, max: HOUR_MS }),
		maxBufferMs: read.number('maxBufferMs', 30_000, { min: 100, max: HOUR_MS }),
		rawSampleRate: read.number('rawSampleRate', 0, { ...whole, max: SAMPLE_RATE_MAX }),
		rawChannels: read.number('rawChannels', 1, { ...whole, min: 1, max: CHANNELS_MAX }),
		streamIdleMs: read.number('streamIdleMs', 5000, { max: HOUR_MS }),
	};
}

/** What an stt-provider's settings and credentials say; `id` names the provider. */
export function readProviderConfig(config: object, secrets: object): ProviderConfig & { id: string } {
	const read = new SettingsReader(config, 'STT_CONFIG');
	const secret = new SettingsReader(secrets, 'STT_CONFIG');
	return {
		id: read.text('provider', 'local'),
		endpoint: read.text('endpoint'),
		caFile: read.text('caFile'),
		model: read.text('model'),
		options: read.object('options'),
		credentials: {
			apiKey: secret.text('apiKey'),
			token: secret.text('token'),
			serviceAccount: secret.text('serviceAccount'),
		},
	};
}
