import { Faults } from './assemblyai/errors.ts';
import { chooseModel, namedModel } from './assemblyai/model.ts';
import { type Query, readQueryV2, readQueryV3 } from './assemblyai/options.ts';
import { formatsOnDemand } from './assemblyai/rules.ts';
import { openSession } from './assemblyai/session.ts';
import { dialectV2 } from './assemblyai/v2.ts';
import { dialectV3 } from './assemblyai/v3.ts';
import { readAuthority } from './authority.ts';
import { type Capabilities, type ProviderConfig, type SttProvider, VoiceError } from './provider.ts';
import { readEndpoint, type WebSocketRequest } from './websocket.ts';

const ENDPOINT_V3 = 'wss://streaming.assemblyai.com/v3/ws';
const ENDPOINT_V2 = 'wss://api.assemblyai.com/v2/realtime/ws';

const HOUR_MS = 3_600_000;

const COMMON = {
	// More than 16 kHz only costs the network: the models work at that.
	sampleRates: [16_000, 8000],
	chunkMaxBytes: Number.POSITIVE_INFINITY,
	// "Approximately real time", the documentation says; more than 1, so that a live stream catches up after an outage. What
	// got code 3007 ("Audio Transmission Rate Exceeded: Received 314.9 sec. audio in 1.312326 sec") was some 310 s
	// ahead (https://github.com/pigeonai-org/ViDove/pull/3).
	pace: 1.25,
	leadMs: 240_000,
	endMarker: true,
	partials: true,
	words: true,
	confidence: true,
} as const;

/** Universal-Streaming v3. */
export function createAssemblyAi(config: ProviderConfig): SttProvider {
	const query = readQueryV3(config.options);
	const model = namedModel(config.model, query);
	const connection = readConnection(config, ENDPOINT_V3, [query.get('webhook_auth_header_value') ?? '']);
	const inactivity = query.get('inactivity_timeout');
	const refines = formatsOnDemand(model) && query.get('format_turns') !== 'false';
	const capabilities: Capabilities = {
		...COMMON,
		// Shorter or longer messages: code 3007.
		chunkMs: { min: 50, max: 1000 },
		sessionLimit: { ms: 3 * HOUR_MS, bytes: Number.POSITIVE_INFINITY },
		idleLimitMs: inactivity ? Number(inactivity) * 1000 : Number.POSITIVE_INFINITY,
		keepAlive: inactivity ? 'message' : 'none',
		refines,
	};
	return {
		id: 'assemblyai',
		peer: connection.faults.peer,
		capabilities,
		async prepare({ language } = { language: '' }) {
			chooseModel(model, language, new Map(query));
			await readAuthority(config.caFile);
		},
		async open({ sampleRate, language, partials, refined }, signal) {
			signal.throwIfAborted();
			const asked: Query = new Map(query);
			chooseModel(model, language, asked);
			if (refines && !asked.has('format_turns')) asked.set('format_turns', String(refined));
			asked.set('sample_rate', String(sampleRate));
			asked.set('encoding', 'pcm_s16le');
			const formatted = refines && asked.get('format_turns') === 'true';
			const dialect = dialectV3({ partials, formatted, timesOut: inactivity !== undefined });
			return openSession(connection.request(asked), dialect, connection.faults, signal);
		},
	};
}

/** Realtime v2, which the vendor retired in 2025. */
export function createAssemblyAiV2(config: ProviderConfig): SttProvider {
	const query = readQueryV2(config.options);
	const connection = readConnection(config, ENDPOINT_V2, []);
	if (config.model)
		throw new VoiceError(
			'STT_CONFIG',
			'The provider "assemblyai-v2" has no choice of models',
			'leave the model empty, or choose the provider "assemblyai"',
		);
	const wishes = {
		audioAsBase64: query.get('audio_as_base64') === 'true',
		silenceThreshold: query.get('end_utterance_silence_threshold') ?? '',
	};
	const wordBoost = query.get('word_boost');
	return {
		id: 'assemblyai-v2',
		peer: connection.faults.peer,
		capabilities: {
			...COMMON,
			chunkMs: { min: 100, max: 2000 },
			// Undocumented; the server tells in SessionBegins.
			sessionLimit: { ms: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
			idleLimitMs: Number.POSITIVE_INFINITY,
			keepAlive: 'none',
			refines: false,
		},
		async prepare() {
			await readAuthority(config.caFile);
		},
		async open({ sampleRate, partials }, signal) {
			signal.throwIfAborted();
			const asked: Query = new Map([['sample_rate', String(sampleRate)]]);
			if (wordBoost) asked.set('word_boost', wordBoost);
			asked.set('enable_extra_session_information', 'true');
			if (!partials) asked.set('disable_partial_transcripts', 'true');
			return openSession(connection.request(asked), dialectV2(wishes), connection.faults, signal);
		},
	};
}

/** Where to connect and with what secret. An API key goes into a header, a temporary token into the address. */
function readConnection(
	{ endpoint, caFile, credentials }: ProviderConfig,
	vendors: string,
	secrets: readonly string[],
): { faults: Faults; request(query: Query): WebSocketRequest } {
	const base = readEndpoint(endpoint, vendors);
	const { apiKey, token } = credentials;
	if (!apiKey && !token && !endpoint)
		throw new VoiceError('STT_CONFIG', 'AssemblyAI needs an API key', 'enter it in the stt-provider');
	const isToken = !apiKey && token;
	// What else a token may hold can be written in an address.
	if (isToken ? /\p{Cc}/u.test(token) : !/^[\x21-\x7e]*$/.test(apiKey))
		throw new VoiceError(
			'STT_CONFIG',
			`The ${isToken ? 'token' : 'API key'} holds a character that none has`,
			'copy it again from the dashboard of AssemblyAI',
		);
	// Whatever the address in the settings brings along may be one too.
	const faults = new Faults(`AssemblyAI at ${base.host}`, [
		apiKey,
		token,
		...secrets,
		...base.searchParams.values(),
	]);
	return {
		faults,
		request(query) {
			const url = new URL(base);
			for (const [name, value] of query) url.searchParams.set(name, value);
			if (isToken) url.searchParams.set('token', token);
			return { url, headers: apiKey ? { Authorization: apiKey } : {}, caFile, peer: faults.peer };
		},
	};
}
