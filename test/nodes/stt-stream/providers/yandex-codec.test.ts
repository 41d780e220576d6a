import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { stt, sttService } from '@yandex-cloud/nodejs-sdk/ai-stt-v3';
import { createProvider } from '../../../../nodes/stt-stream/providers/index.ts';
import type { OpenOptions } from '../../../../nodes/stt-stream/providers/provider.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { feed, listen, never, wishes } from '../helpers.ts';

// The adapter against a server that reads and writes with the vendor's own code: its service definition and codec.

type Call = ServerDuplexStream<stt.StreamingRequest, stt.StreamingResponse>;

/** A server of the SDK's service, and the adapter in a session with it. */
async function session(
	answer: (request: stt.StreamingRequest, call: Call) => void,
	{ options = {}, model = '', ...wish }: Partial<OpenOptions> & { options?: object; model?: string } = {},
	audio: Buffer = numberedAudio(3),
) {
	const server = new Server();
	const requests: stt.StreamingRequest[] = [];
	let metadata: Record<string, unknown> = {};
	server.addService(sttService.RecognizerService, {
		recognizeStreaming(call: Call) {
			metadata = call.metadata.getMap();
			call.on('data', (request: stt.StreamingRequest) => {
				requests.push(request);
				answer(request, call);
			});
			call.once('end', () => call.end());
		},
	});
	const port = await new Promise<number>((resolve, reject) =>
		server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
			error ? reject(error) : resolve(bound),
		),
	);
	try {
		const provider = createProvider('yandex', {
			endpoint: `grpc://localhost:${port}`,
			caFile: '',
			model,
			options: { ...options },
			credentials: { apiKey: 'key', token: '', serviceAccount: '' },
		});
		const open = await provider.open(wishes(wish), never());
		const heard = listen(open);
		await feed(open, audio, 100);
		await open.finish();
		assert.equal(await heard.end, undefined);
		return { requests, metadata, events: heard.events };
	} finally {
		server.forceShutdown();
	}
}

describe('Yandex by the vendor’s own codec', () => {
	it('is asked for what the settings say, and gets every sample', async () => {
		const audio = numberedAudio(20, 8000);
		const { requests, metadata } = await session(
			() => {},
			{
				sampleRate: 8000,
				language: 'ru-RU',
				refined: true,
				model: 'general:rc',
				options: {
					folderId: 'b1gexample',
					languages: ['en-US'],
					profanityFilter: true,
					literatureText: true,
					phoneFormatting: false,
					eouSensitivity: 'high',
					maxPauseBetweenWordsHintMs: 900,
					audioProcessing: 'full-data',
				},
			},
			audio,
		);
		const [first, ...rest] = requests;
		assert.ok(first?.sessionOptions);
		assert.deepEqual(
			stt.StreamingOptions.toJSON(first.sessionOptions),
			stt.StreamingOptions.toJSON({
				recognitionModel: {
					model: 'general:rc',
					audioFormat: {
						rawAudio: {
							audioEncoding: stt.RawAudio_AudioEncoding.LINEAR16_PCM,
							sampleRateHertz: 8000,
							audioChannelCount: 1,
						},
					},
					textNormalization: {
						textNormalization: stt.TextNormalizationOptions_TextNormalization.TEXT_NORMALIZATION_ENABLED,
						profanityFilter: true,
						literatureText: true,
						phoneFormattingMode:
							stt.TextNormalizationOptions_PhoneFormattingMode.PHONE_FORMATTING_MODE_DISABLED,
					},
					languageRestriction: {
						restrictionType: stt.LanguageRestrictionOptions_LanguageRestrictionType.WHITELIST,
						languageCode: ['ru-RU', 'en-US'],
					},
					audioProcessingType: stt.RecognitionModelOptions_AudioProcessingType.FULL_DATA,
				},
				eouClassifier: {
					defaultClassifier: {
						type: stt.DefaultEouClassifier_EouSensitivity.HIGH,
						maxPauseBetweenWordsHintMs: 900,
					},
				},
			}),
		);
		assert.ok(rest.every(({ chunk }) => chunk?.data.length));
		assert.ok(Buffer.concat(rest.map(({ chunk }) => chunk?.data ?? Buffer.alloc(0))).equals(audio));
		assert.equal(metadata['authorization'], 'Api-Key key');
		assert.equal(metadata['x-folder-id'], 'b1gexample');
		assert.match(String(metadata['x-client-request-id']), /^[0-9a-f-]{36}$/);
		assert.equal(metadata['x-data-logging-enabled'], undefined);
	});

	it('is asked for the plainest session where nothing is set', async () => {
		const { requests, metadata } = await session(() => {}, { options: { dataLogging: true } });
		const asked = requests[0]?.sessionOptions;
		assert.equal(asked?.recognitionModel?.model, 'general');
		assert.equal(
			asked?.recognitionModel?.textNormalization?.textNormalization,
			stt.TextNormalizationOptions_TextNormalization.TEXT_NORMALIZATION_DISABLED,
		);
		assert.equal(asked?.recognitionModel?.languageRestriction, undefined);
		assert.equal(
			asked?.recognitionModel?.audioProcessingType,
			stt.RecognitionModelOptions_AudioProcessingType.REAL_TIME,
		);
		assert.equal(metadata['x-folder-id'], undefined);
		assert.equal(metadata['x-data-logging-enabled'], 'true');
	});

	it('is understood in every event that it has', async () => {
		const word = (text: string, startTimeMs: number) => ({ text, startTimeMs, endTimeMs: startTimeMs + 80 });
		const alternative = (text: string, at: number) => ({
			text,
			words: text.split(' ').map((part, index) => word(part, at + index * 100)),
			startTimeMs: at,
			endTimeMs: at + 480,
			confidence: 1,
			languages: [
				{ languageCode: 'en-US', probability: 0.2 },
				{ languageCode: 'ru-RU', probability: 0.8 },
			],
		});
		const cursors = (finalIndex: number) => ({ audioCursors: { finalIndex, finalTimeMs: 5 } });
		const said = [
			{
				sessionUuid: { uuid: 'u-1', userRequestId: 'r-1' },
				statusCode: { codeType: stt.CodeType.WORKING, message: '' },
			},
			{ partial: {} },
			{ partial: { alternatives: [{ text: ' ' }] } },
			{ partial: { alternatives: [alternative('turn', 10)] }, ...cursors(0) },
			{
				final: { alternatives: [alternative('turn on', 10), { text: 'burn on' }, { text: ' ' }] },
				...cursors(0),
			},
			{
				finalRefinement: {
					finalIndex: 0,
					normalizedText: { alternatives: [alternative('Turn on.', 10)] },
				},
				...cursors(1),
			},
			{ eouUpdate: { timeMs: 490 }, ...cursors(0) },
			{ final: { alternatives: [{ text: 'off' }] }, ...cursors(1) },
			{ final: { alternatives: [{ text: '' }] }, ...cursors(2) },
			{ statusCode: { codeType: stt.CodeType.WARNING, message: 'too\nfast' } },
			{ statusCode: { codeType: stt.CodeType.CLOSED, message: '' } },
			{ classifierUpdate: { classifierResult: { classifier: 'formal_greeting' } } },
			{ speakerAnalysis: { speakerTag: '0' } },
			{ conversationAnalysis: {} },
			{ summarization: {} },
			{},
		];
		let isFirst = true;
		const { events } = await session((request, call) => {
			if (!request.chunk || !isFirst) return;
			isFirst = false;
			for (const response of said) call.write(stt.StreamingResponse.fromPartial(response as object));
		});
		const words = (...texts: string[]) =>
			texts.map((text, index) => ({ text, startMs: 10 + index * 100, endMs: 90 + index * 100 }));
		const common = { startMs: 10, endMs: 490, language: 'ru-RU' };
		assert.deepEqual(
			events.filter(({ type }) => type !== 'drain'),
			[
				{ type: 'status', detail: 'session u-1, request r-1' },
				{ type: 'status', detail: 'WORKING' },
				{ type: 'partial', text: 'turn', ...common, words: words('turn') },
				{
					type: 'final',
					text: 'turn on',
					utterance: 0,
					...common,
					words: words('turn', 'on'),
					alternatives: [{ text: 'burn on' }],
				},
				{
					type: 'refined',
					text: 'Turn on.',
					utterance: 0,
					...common,
					words: words('Turn', 'on.'),
				},
				{ type: 'end-of-utterance', atMs: 490 },
				{ type: 'final', text: 'off', utterance: 1 },
				{ type: 'status', detail: 'WARNING: too fast' },
				{ type: 'status', detail: 'CLOSED' },
			],
		);
	});

	it('may say nothing at all, or nothing before the end of the audio', async () => {
		assert.deepEqual((await session(() => {})).events, []);
	});
});
