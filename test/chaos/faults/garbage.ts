import type { Dice } from '../dice.ts';

// What recognisers and pages might send that nobody should believe. None of it claims that audio was understood: whom
// a recogniser tells so, has no way to know better.

/** As a message of AssemblyAI. */
export const LIES = (dice: Dice): readonly [string | Buffer | object, ...(string | Buffer | object)[]] => [
	'',
	'no json',
	'null',
	'[]',
	'"Turn"',
	'{"type":"Turn"',
	dice.bytes(dice.between(1, 2000)),
	'x'.repeat(9_000_000),
	`{"type":"Turn","transcript":"${'ж'.repeat(500_000)}`,
	{ type: 5 },
	{ type: 'Unknown', words: [1] },
	{ type: '__proto__', constructor: null },
	{ type: 'Begin', id: 7, expires_at: 'soon' },
	{ type: 'Begin', id: 'again', expires_at: -1 },
	{ type: 'Turn' },
	{ type: 'Turn', turn_order: 'first', transcript: 17, words: 'none', end_of_turn: 'no' },
	{ type: 'Turn', turn_order: -1, transcript: '', words: [null, 3, { text: {} }], end_of_turn: false },
	{ type: 'Turn', transcript: null, words: { length: 1e9 }, end_of_turn: null },
	{ type: 'SpeechStarted', timestamp: 'now' },
	{ type: 'SpeechStarted', timestamp: -1e300 },
	{ type: 'Termination' },
	{ type: 'Error', error: { nested: true }, error_code: 'x' },
];

/** As a `StreamingResponse` of Yandex, which the protocol's encoder takes. */
export const RESPONSES: readonly [object, ...object[]] = [
	{},
	{ partial: {} },
	{ partial: { alternatives: [{}] } },
	{
		partial: { alternatives: [{ words: [{}, { text: '', start_time_ms: -5, end_time_ms: -9 }], text: '' }] },
	},
	{ status_code: { code_type: 'WARNING', message: 'x'.repeat(100_000) } },
	{ status_code: {} },
	{ eou_update: { time_ms: -1 } },
	{ final_refinement: { final_index: 99, normalized_text: { alternatives: [] } } },
	{ final_refinement: {} },
	{ speaker_analysis: {} },
	{ classifier_update: {} },
];

/** As bytes in the middle of a WebSocket (RFC 6455, section 5.2). */
export const RAW = (dice: Dice): readonly [Buffer, ...Buffer[]] => [
	Buffer.from([0x81]), // half a header
	Buffer.from([0x81, 0x05, 0x7b]), // half a frame
	Buffer.from([0x83, 0x00]), // a reserved opcode
	Buffer.from([0xf1, 0x01, 0x20]), // reserved bits
	Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]), // masked, by a server
	Buffer.from([0x81, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), // gigantic
	Buffer.from([0x89, 0x7e, 0x01, 0x00]), // a ping that is too long
	Buffer.from([0x81, 0x02, 0xc3, 0x28]), // no UTF-8
	Buffer.from([0x88, 0x01, 0x00]), // a close with half a code
	dice.bytes(dice.between(1, 300)),
];
