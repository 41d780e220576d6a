import { googleFaults } from '../../../nodes/stt-stream/providers/google/errors.ts';
import type { Request, Response } from '../../../nodes/stt-stream/providers/google/messages.ts';
import { GoogleSession } from '../../../nodes/stt-stream/providers/google/session.ts';
import { grpcTarget } from '../grpc-target.ts';

const SECRET = 'secret-key-4711';
const folder = new URL('../../../nodes/stt-stream/providers/google/proto/', import.meta.url);
const time = (seconds: number) => ({ seconds, nanos: 500_000_000 });

/** What one version calls `_time`, the other calls `_offset`. */
function seedsFor(suffix: 'time' | 'offset'): object[] {
	const [start, end, last, event] = [
		`start_${suffix}`,
		`end_${suffix}`,
		`result_end_${suffix}`,
		`speech_event_${suffix}`,
	];
	const word = { word: 'hello', [start]: time(0), [end]: time(1), confidence: 0.8 };
	const best = {
		transcript: ' hello world',
		confidence: 0.9,
		words: [word, { ...word, [start]: time(1), [end]: time(2) }],
	};
	const other = { transcript: 'yellow', confidence: 0.1 };
	return [
		{ results: [{ alternatives: [best, other], is_final: true, [last]: time(2), language_code: 'en-us' }] },
		{
			results: [
				{
					alternatives: [{ transcript: 'hel' }],
					stability: 0.9,
					[last]: time(1),
					language_code: 'cmn-hans-cn',
				},
				{ alternatives: [{ transcript: ' lo' }], stability: 0.1, [last]: time(1), language_code: '' },
			],
		},
		{ speech_event_type: 'SPEECH_ACTIVITY_BEGIN', [event]: time(3) },
		{ speech_event_type: 'SPEECH_ACTIVITY_END' },
		{ results: [{ alternatives: [{ transcript: 'x', words: [{ word: 'x' }] }], is_final: true }] },
		{
			error: { code: 11, message: `Exceeded maximum allowed stream duration ${SECRET}` },
			metadata: { request_id: 'r1' },
		},
	];
}

const method = (version: 'v1' | 'v2') => ({
	folder,
	file: `google/cloud/speech/${version}/cloud_speech.proto`,
	service: `google.cloud.speech.${version}.Speech`,
	method: 'StreamingRecognize',
	seeds: seedsFor(version === 'v1' ? 'time' : 'offset'),
});

export const target = await grpcTarget<Request, Response>({
	covers: [
		'nodes/stt-stream/providers/google/messages.js',
		'nodes/stt-stream/providers/google/session.js',
		'nodes/stt-stream/providers/google/errors.js',
		'nodes/stt-stream/providers/grpc-status.js',
	],
	methods: [method('v1'), method('v2')],
	secret: SECRET,
	open: (stream) =>
		new GoogleSession(stream, {
			first: { audio: Buffer.alloc(0) },
			audio: (audio) => ({ audio }),
			faults: googleFaults('Google Speech-to-Text at host', [SECRET]),
			refused() {},
		}),
});
