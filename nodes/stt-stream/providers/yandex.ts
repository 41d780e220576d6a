import { randomUUID } from 'node:crypto';
import { readAuthority } from './authority.ts';
import { GrpcHost } from './grpc.ts';
import { type GrpcMethod, loadMethod, readGrpcEndpoint } from './grpc-method.ts';
import { type Capabilities, type ProviderConfig, type SttProvider, VoiceError } from './provider.ts';
import { yandexFaults } from './yandex/errors.ts';
import { IamTokens, readServiceAccountKey } from './yandex/iam.ts';
import type { StreamingRequest, StreamingResponse } from './yandex/messages.ts';
import { readYandexOptions, sessionOptions } from './yandex/options.ts';
import { YandexSession } from './yandex/session.ts';

const ENDPOINT = 'stt.api.cloud.yandex.net:443';
const UNAUTHENTICATED = 16;

const CAPABILITIES = {
	sampleRates: [16_000, 8000, 48_000],
	// No limit is documented. The vendor's examples send 400 ms at a time, and from a microphone 512 ms.
	chunkMs: { min: 0, max: 600 },
	chunkMaxBytes: 64 * 1024,
	// A live stream must be able to catch up after an outage. The vendor asks for about real time, and answers excess
	// with a status of type WARNING only ("Streaming recognition"; stt.proto, CodeType).
	pace: 1.1,
	// Five minutes of audio, or 10 MB.
	sessionLimit: { ms: 300_000, bytes: 10_000_000 },
	idleLimitMs: 5000,
	// There is a message for silence, too; but only audio keeps the times of what follows right.
	keepAlive: 'silence',
	endMarker: true,
	partials: true,
	words: true,
	confidence: false,
} as const satisfies Omit<Capabilities, 'refines'>;

/** Yandex SpeechKit, the third version of its interface. */
export function createYandex(config: ProviderConfig): SttProvider {
	const options = readYandexOptions(config.options);
	const address = readGrpcEndpoint(config.endpoint, ENDPOINT);
	const { authorization, secrets, tokens } = readCredentials(config, options.iamEndpoint);
	const peer = `Yandex SpeechKit at ${address.name}`;
	const host = new GrpcHost({
		address,
		caFile: config.caFile,
		peer,
		// It says something at short intervals, so that asking often is not taken amiss.
		liveness: { everyMs: 15_000, timeoutMs: 10_000 },
	});
	return {
		id: 'yandex',
		peer,
		capabilities: { ...CAPABILITIES, refines: options.normalize !== false },
		async prepare({ language } = { language: '' }) {
			sessionOptions(config.model, options, { sampleRate: 0, language, refined: false });
			await readAuthority(config.caFile);
		},
		warm: (signal) => host.warm(signal),
		async open(wishes, signal) {
			signal.throwIfAborted();
			const first = sessionOptions(config.model, options, wishes);
			const token = await tokens?.get(signal);
			const method = await recognizeStreaming();
			signal.throwIfAborted();
			const metadata = {
				...(token ? { authorization: `Bearer ${token}` } : authorization && { authorization }),
				...(options.folderId && { 'x-folder-id': options.folderId }),
				...(options.dataLogging && { 'x-data-logging-enabled': 'true' }),
				'x-client-request-id': randomUUID(),
			};
			const faults = yandexFaults(peer, [...secrets, token ?? '']);
			let session: YandexSession | undefined;
			await host.open(
				method,
				metadata,
				(stream) => {
					session = new YandexSession(stream, first, {
						faults,
						accepted: () => tokens?.accepted(token ?? ''),
						failed: ({ code }, error) => {
							const mayPass = code === UNAUTHENTICATED && tokens?.refused(token ?? '');
							return mayPass ? retryable(error) : error;
						},
					});
					return session;
				},
				signal,
			);
			return session as unknown as YandexSession;
		},
	};
}

/** The next attempt gets another token. */
const retryable = ({ code, problem, remedy }: VoiceError) =>
	new VoiceError(code, problem, remedy, { retryable: true });

let loading: Promise<GrpcMethod<StreamingRequest, StreamingResponse>> | undefined;

function recognizeStreaming(): Promise<GrpcMethod<StreamingRequest, StreamingResponse>> {
	const folder = new URL('./yandex/proto/', import.meta.url);
	loading ??= loadMethod(folder, 'recognizer.proto', 'speechkit.stt.v3.Recognizer', 'RecognizeStreaming');
	return loading;
}

interface Credentials {
	/** The header, '' = none, or one of `tokens`. */
	readonly authorization: string;
	readonly secrets: readonly string[];
	readonly tokens?: IamTokens;
}

/** An API key counts before an IAM token, and that before the key of a service account. */
function readCredentials({ credentials, endpoint, caFile }: ProviderConfig, iamEndpoint: URL): Credentials {
	const { apiKey, token, serviceAccount } = credentials;
	const secret = apiKey || token;
	if (!/^[\x21-\x7e]*$/.test(secret))
		throw new VoiceError(
			'STT_CONFIG',
			`The ${apiKey ? 'API key' : 'IAM token'} holds a character that none has`,
			'copy it again',
		);
	if (secret) return { authorization: `${apiKey ? 'Api-Key' : 'Bearer'} ${secret}`, secrets: [secret] };
	if (serviceAccount) {
		const key = readServiceAccountKey(serviceAccount);
		return {
			authorization: '',
			secrets: key.secrets,
			tokens: new IamTokens(key, iamEndpoint, caFile),
		};
	}
	// A recogniser of one's own may do without.
	if (endpoint) return { authorization: '', secrets: [] };
	throw new VoiceError(
		'STT_CONFIG',
		'Yandex SpeechKit needs an API key, an IAM token or the key of a service account',
		'enter one in the stt-provider',
	);
}
