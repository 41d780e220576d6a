import type { Duplex } from 'node:stream';
import { type protos, v1, v2 } from '@google-cloud/speech';
import { credentials } from '@grpc/grpc-js';
import { createAuthority } from '../../../lab/certificates.ts';
import type { LoopbackGoogle } from '../../../lab/recognisers/google.ts';
import type { Version } from './google-helpers.ts';

// The vendor's own clients, v1 and v2, at a loopback recogniser.

export type ResponseV1 = protos.google.cloud.speech.v1.IStreamingRecognizeResponse;
type ResponseV2 = protos.google.cloud.speech.v2.IStreamingRecognizeResponse;
export type Response = ResponseV1 & ResponseV2;

const authority = createAuthority();
export const tls = authority.issue('localhost');

export const RECOGNIZER = 'projects/lab-project/locations/global/recognizers/_';

/** What is asked for besides LINEAR16 at 16 kHz. */
export interface Asked {
	readonly config?: object;
	readonly streaming?: object;
	readonly recognizer?: string;
	readonly headers?: Record<string, string>;
	readonly chunkBytes?: number;
	/** Sends no configuration. */
	readonly bare?: boolean;
}

export const HEADERS: Record<Version, Record<string, string>> = {
	v1: { 'x-goog-api-key': 'lab-api-key' },
	v2: { authorization: 'Bearer lab-access-token' },
};

/** The client of one version, without credentials: a call brings its own. */
export function clientFor(version: Version, recogniser: LoopbackGoogle, isTls: boolean) {
	const options = {
		apiEndpoint: 'localhost',
		port: recogniser.relay.port,
		sslCreds: isTls ? credentials.createSsl(Buffer.from(authority.ca)) : credentials.createInsecure(),
		projectId: 'lab-project',
	};
	return version === 'v1' ? new v1.SpeechClient(options) : new v2.SpeechClient(options);
}

/** The stream of messages as the SDK opens it, and the first of them. */
function open(version: Version, client: ReturnType<typeof clientFor>, asked: Asked) {
	const stream = client._streamingRecognize({
		otherArgs: { headers: asked.headers ?? HEADERS[version] },
	}) as unknown as Duplex;
	const common = { enableWordTimeOffsets: true, enableWordConfidence: true, maxAlternatives: 2 };
	if (asked.bare) return stream;
	if (version === 'v1')
		stream.write({
			streamingConfig: {
				config: {
					encoding: 'LINEAR16',
					sampleRateHertz: 16_000,
					languageCode: 'en-US',
					...common,
					...asked.config,
				},
				interimResults: true,
				enableVoiceActivityEvents: true,
				...asked.streaming,
			},
		});
	else
		stream.write({
			recognizer: asked.recognizer ?? RECOGNIZER,
			streamingConfig: {
				config: {
					explicitDecodingConfig: { encoding: 'LINEAR16', sampleRateHertz: 16_000, audioChannelCount: 1 },
					languageCodes: ['en-US'],
					model: 'long',
					features: common,
					...asked.config,
				},
				streamingFeatures: { interimResults: true, enableVoiceActivityEvents: true, ...asked.streaming },
			},
		});
	return stream;
}

/** One session of the SDK's: its responses, and how it ended. */
export async function run(
	version: Version,
	recogniser: LoopbackGoogle,
	pcm: Buffer,
	asked: Asked = {},
	{ isTls = false, act = async (_: Duplex) => {} } = {},
): Promise<{ responses: Response[]; error: (Error & { code?: number }) | undefined }> {
	const client = clientFor(version, recogniser, isTls);
	const responses: Response[] = [];
	try {
		const stream = open(version, client, asked);
		const ended = new Promise<(Error & { code?: number }) | undefined>((resolve) => {
			stream.once('error', resolve);
			stream.once('end', () => resolve(undefined));
		});
		stream.on('data', (response: Response) => responses.push(response));
		const size = asked.chunkBytes ?? 3200;
		for (let at = 0; at < pcm.length && !stream.destroyed; at += size) {
			const audio = pcm.subarray(at, at + size);
			stream.write(version === 'v1' ? { audioContent: audio } : { audio });
		}
		await act(stream);
		if (!stream.destroyed) stream.end();
		return { error: await ended, responses };
	} finally {
		await client.close();
	}
}
