import { yandexFaults } from '../../../nodes/stt-stream/providers/yandex/errors.ts';
import type {
	StreamingRequest,
	StreamingResponse,
} from '../../../nodes/stt-stream/providers/yandex/messages.ts';
import { readYandexOptions, sessionOptions } from '../../../nodes/stt-stream/providers/yandex/options.ts';
import { YandexSession } from '../../../nodes/stt-stream/providers/yandex/session.ts';
import { answersTo, EMPTY_PARTIAL, statusAnswer } from '../../lab/recognisers/yandex-answers.ts';
import { grpcTarget } from '../grpc-target.ts';

const SECRET = 'secret-key-4711';
const folder = new URL('../../../nodes/stt-stream/providers/yandex/proto/', import.meta.url);
const heard = {
	turn: 0,
	paused: false,
	words: [
		{ text: 'turn', startMs: 100, endMs: 300, confidence: 1 },
		{ text: 'on', startMs: 300, endMs: 500, confidence: 1 },
	],
};
const answers = [
	...answersTo({ type: 'word', ...heard }, 0, true),
	...answersTo({ type: 'end', ...heard }, 3, true),
	EMPTY_PARTIAL,
	statusAnswer('WARNING', `too fast, ${SECRET}`),
];
const first = sessionOptions('', readYandexOptions({}), { sampleRate: 16_000, language: '', refined: true });

export const target = await grpcTarget<StreamingRequest, StreamingResponse>({
	covers: [
		'nodes/stt-stream/providers/yandex/messages.js',
		'nodes/stt-stream/providers/yandex/session.js',
		'nodes/stt-stream/providers/yandex/errors.js',
		'nodes/stt-stream/providers/grpc-status.js',
	],
	methods: [
		{
			folder,
			file: 'recognizer.proto',
			service: 'speechkit.stt.v3.Recognizer',
			method: 'RecognizeStreaming',
			seeds: answers.map(({ event, cursors }) => ({
				session_uuid: { uuid: 'u-1', user_request_id: `r ${SECRET}` },
				audio_cursors: { final_index: 0, ...cursors },
				...event,
			})),
		},
	],
	secret: SECRET,
	open: (stream) =>
		new YandexSession(stream, first, {
			faults: yandexFaults('Yandex SpeechKit at host', [SECRET]),
			accepted() {},
			failed: (_, error) => error,
		}),
});
