import { VoiceError } from '../../../lib/node/errors.ts';
import { Faults } from '../../../nodes/stt-stream/providers/assemblyai/errors.ts';
import { Session } from '../../../nodes/stt-stream/providers/assemblyai/session.ts';
import { dialectV2 } from '../../../nodes/stt-stream/providers/assemblyai/v2.ts';
import { dialectV3 } from '../../../nodes/stt-stream/providers/assemblyai/v3.ts';
import { isObject } from '../../../nodes/stt-stream/providers/option-rules.ts';
import { HandshakeRefused } from '../../../nodes/stt-stream/providers/websocket.ts';
import { eventsOf } from '../events.ts';
import { jsonMutator } from '../mutate-json.ts';
import { permit, rule, type Target, Violation } from '../target.ts';

const SECRET = 'secret-key-4711';
const faults = new Faults('AssemblyAI at host', [SECRET]);

const word = (text: string, start: number, end: number) => ({
	text,
	start,
	end,
	confidence: 0.9,
	word_is_final: true,
});
const BEGIN = { type: 'Begin', id: 'b1', expires_at: 4_000_000_000 };
const TURN = {
	type: 'Turn',
	turn_order: 0,
	turn_is_formatted: false,
	end_of_turn: false,
	transcript: 'hello',
	utterance: '',
	language_code: 'en',
	end_of_turn_confidence: 0.1,
	words: [word('hello', 100, 400), { ...word('world', 450, 700), word_is_final: false }],
};
const END = { ...TURN, end_of_turn: true, transcript: 'hello world' };
const V2 = { audio_start: 0, audio_end: 700, confidence: 0.9, text: 'hello', words: [word('hello', 0, 700)] };

const SEEDS: readonly { v: number; messages?: object[]; close?: object; status?: number; body?: string }[] = [
	{
		v: 3,
		messages: [
			BEGIN,
			{ type: 'SpeechStarted', timestamp: 100, confidence: 0.5 },
			TURN,
			{ ...TURN, utterance: 'Hello world.' },
			END,
			{ ...END, turn_is_formatted: true, transcript: 'Hello world.' },
			{ type: 'Termination', audio_duration_seconds: 1, session_duration_seconds: 1 },
		],
		close: { code: 1000, reason: '' },
	},
	{
		v: 3,
		messages: [
			BEGIN,
			{ type: 'Warning', warning_code: 3, warning: 'slow' },
			{ type: 'Heartbeat', total_audio_received_ms: 10, realtime_factor: 1 },
			{ type: 'Silence', start_ms: 1, end_ms: 2 },
			{ type: 'New' },
			{ type: 'Error', error_code: 3005, error: `bad ${SECRET}` },
		],
		close: { code: 3005, reason: 'Session expired' },
	},
	{
		v: 2,
		messages: [
			{ message_type: 'SessionBegins', session_id: 's', expires_at: '2030-11-04T16:51:38.316048' },
			{ message_type: 'PartialTranscript', ...V2 },
			{ message_type: 'FinalTranscript', ...V2, punctuated: true, text_formatted: true },
			{ message_type: 'SessionInformation', audio_duration_seconds: 2 },
			{ message_type: 'SessionTerminated' },
		],
		close: { code: 4031, reason: 'idle' },
	},
	{ v: 2, messages: [{ error: `Not authorized ${SECRET}` }], close: { code: 4001, reason: 'x' } },
	{ v: 3, status: 401, body: '{"error":"Invalid API key"}' },
	{ v: 3, status: 400, body: '{"detail":{"error":1}}' },
];

/** A connection that takes everything. */
const link = { send: () => true, close() {}, gone: Promise.resolve(), serverClock: 0 };

/** What a server sends over a connection, as JSON: messages (those that are text are no JSON), then how it closes. */
export const target: Target = {
	covers: ['nodes/stt-stream/providers/assemblyai/', 'nodes/stt-stream/providers/faults.js'],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	mutate: jsonMutator({
		words: [
			...Object.keys(TURN),
			...Object.keys(V2),
			'type',
			'error',
			'error_code',
			'word_is_final',
			SECRET,
			'start',
		],
		values: [TURN, END, ...SEEDS.flatMap(({ messages = [] }): object[] => messages), 1006, 1008, 3007],
	}),
	async run(input) {
		let told: { v?: unknown; messages?: unknown; close?: unknown; status?: unknown; body?: unknown } = {};
		try {
			const parsed: unknown = JSON.parse(String(input));
			if (isObject(parsed)) told = parsed;
		} catch {
			told = { v: 3, messages: [String(input)] };
		}
		if ('body' in told) {
			const refused = new HandshakeRefused(
				Number.parseInt(JSON.stringify(told.status), 10),
				bodyOf(told.body),
			);
			checkError(faults.opening(refused));
			return;
		}
		const dialect =
			told.v === 2
				? dialectV2({ audioAsBase64: true, silenceThreshold: '500' })
				: dialectV3({ partials: true, formatted: told.v === 3, timesOut: true });
		const session = new Session(link, dialect, faults);
		const messages: unknown[] = Array.isArray(told.messages) ? told.messages : [];
		let error: Error | undefined;
		for (const message of messages)
			try {
				session.message(typeof message === 'string' ? message : JSON.stringify(message));
			} catch (thrown) {
				permit(thrown, [VoiceError]);
				error = thrown as VoiceError;
				break;
			}
		const { code, reason } = (told.close ?? {}) as { code?: unknown; reason?: unknown };
		const close = { code: typeof code === 'number' ? code : 1006, reason: bodyOf(reason) };
		session.closed({ ...close, ...(error && { error }) });
		const { events, failure } = await eventsOf(session);
		if (failure) checkError(failure);
		rule(events.length <= 3 * messages.length + 1, `${events.length} events of ${messages.length} messages`);
		for (const event of events)
			if (event.type === 'status') {
				rule(event.detail.length <= 220, 'a long status');
				rule(!event.detail.includes(SECRET), 'the key in a status');
			}
		const finals = events
			.filter(({ type }) => type === 'final')
			.map((event) => 'utterance' in event && event.utterance);
		if (told.v === 3 && finals.length <= 20)
			rule(new Set(finals).size === finals.length, 'a turn had two finals');
	},
};

const bodyOf = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function checkError(failure: unknown): void {
	if (failure instanceof Violation) throw failure;
	permit(failure, [VoiceError]);
	const { message } = failure as VoiceError;
	rule(!message.includes(SECRET), 'the key in an error');
	rule(message.length < 1000, 'a long error');
}
