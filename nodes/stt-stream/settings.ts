import type { StreamSettings } from '../../lib/node/audio-streams.ts';
import { VoiceError } from '../../lib/node/errors.ts';
import { migrate } from '../../lib/node/migrate.ts';
import { isTooDeep } from '../../lib/node/rules.ts';
import { readerOf, SettingsReader } from '../../lib/node/settings.ts';
import { PROVIDER_MIGRATIONS, STREAM_MIGRATIONS } from './migrations.ts';
import type { ProviderConfig } from './providers/provider.ts';
import { applies, RULES } from './rules.ts';
import type { SessionSettings } from './session.ts';

/** The node's settings as the editor stores them, with what holds where one is missing. */
export interface SttStreamSettings extends SessionSettings, StreamSettings {
	/** Streams recognised at the same time. */
	readonly maxStreams: number;
	/** A session is opened before there is audio. */
	readonly warm: boolean;
	readonly reconnectMs: number;
}

/** The value of an environment variable where the node is: of its flow, Node-RED's own or the process's. */
export type Environment = (name: string) => unknown;

/** As Node-RED knows them: the whole text, in either form. */
const REFERENCE = /^\$(?:\{(\S+)\}|\((\S+)\))$/;

/** Whether the value of a setting names a variable, or holds one that does: only then the environment is asked. */
export function namesVariable(value: unknown): boolean {
	if (isTooDeep(value)) return false;
	if (value !== null && typeof value === 'object') return Object.values(value).some(namesVariable);
	return typeof value === 'string' && REFERENCE.test(value.trim());
}

/**
 * Reads a node's configuration; what it has no use for is not looked at.
 * @throws VoiceError STT_CONFIG that names the setting that cannot be used
 */
export function readSettings(config: object): SttStreamSettings {
	const read = new Reader(migrate(config, STREAM_MIGRATIONS), () => undefined);
	const { number } = readerOf(read, RULES, applies);
	const { choices, flags } = RULES;
	return {
		language: read.text('language'),
		partials: read.flag('partials', flags.partials),
		finals: read.choice('finals', choices.finals.choices, choices.finals.value),
		warm: read.flag('warm', flags.warm),
		reconnectMs: number('reconnectMs'),
		maxStreams: number('maxStreams'),
		connectTimeoutMs: number('connectTimeoutMs'),
		finalTimeoutMs: number('finalTimeoutMs'),
		maxBufferMs: number('maxBufferMs'),
		rawSampleRate: number('rawSampleRate'),
		rawChannels: number('rawChannels'),
		streamIdleMs: number('streamIdleMs'),
	};
}

/**
 * What an stt-provider's settings and credentials say; `id` names the provider.
 * @throws VoiceError STT_CONFIG that names the setting, or the environment variable that is missing
 */
export function readProviderConfig(
	config: object,
	secrets: object,
	environment: Environment,
): ProviderConfig & { id: string } {
	const read = new Reader(migrate(config, PROVIDER_MIGRATIONS), environment);
	const secret = new Reader(secrets, environment);
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

/**
 * Node-RED puts in the values of variables before a node sees its settings: what still is a reference names one that
 * does not exist, or stands in the JSON of a setting, where Node-RED does not look.
 */
class Reader extends SettingsReader {
	readonly #environment: Environment;

	constructor(raw: object, environment: Environment) {
		super(raw, 'STT_CONFIG');
		this.#environment = environment;
	}

	override text(name: string, fallback = ''): string {
		return String(this.#resolve(name, super.text(name, fallback)));
	}

	override object(name: string): Record<string, unknown> {
		return this.#resolve(name, super.object(name)) as Record<string, unknown>;
	}

	#resolve(setting: string, value: unknown): unknown {
		if (Array.isArray(value)) return value.map((item) => this.#resolve(setting, item));
		if (value !== null && typeof value === 'object')
			return Object.fromEntries(
				Object.entries(value).map(([name, item]) => [name, this.#resolve(setting, item)]),
			);
		const [, braces, brackets] = typeof value === 'string' ? (REFERENCE.exec(value) ?? []) : [];
		const variable = braces ?? brackets;
		if (variable === undefined) return value;
		const found = this.#environment(variable);
		if (found !== undefined) return found;
		throw new VoiceError(
			'STT_CONFIG',
			`There is no environment variable "${variable.slice(0, 60)}", which the setting "${setting}" names`,
			'set it where Node-RED is started or in the flow, or enter the value itself',
		);
	}
}
