import { readAuthority } from './authority.ts';
import { requestV1, requestV2 } from './google/config.ts';
import { type Access, readCredentials } from './google/credentials.ts';
import { googleFaults } from './google/errors.ts';
import type { Request, Response } from './google/messages.ts';
import { type ApiVersion, type GoogleOptions, locationOf, readGoogleOptions } from './google/options.ts';
import { GoogleSession } from './google/session.ts';
import { GrpcHost } from './grpc.ts';
import { type GrpcMethod, loadMethod, readGrpcEndpoint } from './grpc-method.ts';
import {
	type Capabilities,
	type OpenOptions,
	type ProviderConfig,
	type SttProvider,
	VoiceError,
} from './provider.ts';

const HOST = 'speech.googleapis.com';
const UNAUTHENTICATED = 16;

const CAPABILITIES = {
	// From 8 to 48 kHz any rate: better the microphone's own than one that was converted to.
	sampleRates: [16_000, 8000, 11_025, 12_000, 22_050, 24_000, 32_000, 44_100, 48_000],
	chunkMs: { min: 0, max: 400 },
	// "Close to real time" is asked for, and no number told. A live stream must be able to catch up after an outage; the
	// vendor's own example of endless streaming sends what it repeats at once.
	pace: 1.25,
	// Nobody hears of it for 10 s, and only audio counts.
	idleLimitMs: 10_000,
	keepAlive: 'silence',
	endMarker: true,
	partials: true,
	refines: false,
	words: true,
	confidence: true,
} as const satisfies Partial<Capabilities>;

/** What the versions of the interface allow in a message, and for a session. */
const LIMITS = {
	// The service's own words: "Audio chunk can be of a maximum of 25600 bytes", "maximum allowed stream duration of 305
	// seconds"; the page about quotas says 25 KB and 5 minutes.
	v1: { chunkMaxBytes: 25_600, sessionLimit: { ms: 300_000, bytes: Number.POSITIVE_INFINITY } },
	// cloud_speech.proto says 15 KB, and the service "Max duration of 5 minutes reached for stream."
	v2: { chunkMaxBytes: 15_360, sessionLimit: { ms: 300_000, bytes: Number.POSITIVE_INFINITY } },
} as const;

/**
 * Google Cloud Speech-to-Text. v1 is the default, because an API key is all that it needs; v2 has the newer models, and
 * demands a project and an account.
 */
export function createGoogle(config: ProviderConfig): SttProvider {
	const options = readGoogleOptions(config.options);
	const { apiVersion } = options;
	const credentials = readCredentials(config, options.applicationDefault);
	const location = locationOf(options);
	const vendors = location === 'global' ? HOST : `${location}-${HOST}`;
	const address = readGrpcEndpoint(config.endpoint, `${vendors}:443`);
	const peer = `Google Speech-to-Text at ${address.name}`;
	const host = new GrpcHost({
		address,
		caFile: config.caFile,
		peer,
		// In silence it says nothing at all; so often, and no more, may Google's front ends be asked:
		// https://github.com/googleapis/java-bigtable/pull/528
		liveness: { everyMs: 30_000, timeoutMs: 10_000 },
	});

	/** @param known project of the credentials, undefined = not known yet */
	function firstRequest(wishes: OpenOptions, known: string | undefined): Request {
		if (apiVersion === 'v1') return requestV1(config.model, options, wishes);
		return requestV2(config.model, options, wishes, projectOf(options, known));
	}
	if (apiVersion === 'v2') projectOf(options, credentials.project);

	return {
		id: 'google',
		peer,
		capabilities: { ...CAPABILITIES, ...LIMITS[apiVersion] },
		async prepare({ language } = { language: '' }) {
			firstRequest({ sampleRate: 0, language, partials: true, refined: false }, credentials.project);
			await readAuthority(config.caFile);
		},
		warm: (signal) => host.warm(signal),
		async open(wishes, signal) {
			signal.throwIfAborted();
			firstRequest(wishes, credentials.project);
			const access = await credentials.get(signal);
			const first = firstRequest(wishes, access.project);
			const method = await streamingRecognize(apiVersion);
			signal.throwIfAborted();
			const faults = googleFaults(peer, access.secrets);
			let session: GoogleSession | undefined;
			await host.open(
				method,
				metadataOf(access, options),
				(stream) => {
					session = new GoogleSession(stream, {
						first,
						audio: apiVersion === 'v1' ? (pcm) => ({ audio_content: pcm }) : (pcm) => ({ audio: pcm }),
						faults,
						refused: ({ code }) => {
							if (code === UNAUTHENTICATED) credentials.refused();
						},
					});
					return session;
				},
				signal,
			);
			return session as unknown as GoogleSession;
		},
	};
}

/** The project of the recognizer in v2. */
function projectOf({ project, recognizer }: GoogleOptions, known: string | undefined): string {
	if (project || recognizer.includes('/')) return project;
	if (known === '')
		throw new VoiceError(
			'STT_CONFIG',
			'Google Speech-to-Text v2 needs to know the project',
			'set the option project to its identifier, such as my-project-123',
		);
	return known ?? '';
}

function metadataOf({ headers }: Access, { quotaProject }: GoogleOptions): Record<string, string> {
	return { ...headers, ...(quotaProject && { 'x-goog-user-project': quotaProject }) };
}

const loading: Partial<Record<ApiVersion, Promise<GrpcMethod<Request, Response>>>> = {};

function streamingRecognize(version: ApiVersion): Promise<GrpcMethod<Request, Response>> {
	const folder = new URL('./google/proto/', import.meta.url);
	const file = `google/cloud/speech/${version}/cloud_speech.proto`;
	loading[version] ??= loadMethod(
		folder,
		file,
		`google.cloud.speech.${version}.Speech`,
		'StreamingRecognize',
	);
	return loading[version];
}
