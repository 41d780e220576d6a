import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Transcript } from '../../../../lib/node/messages.ts';
import { type FlowNode, type Message, startNodeRed } from '../../../lab/node-red.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import type { ConnectionRecord } from '../../../lab/recognisers/record.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { SAFETY_MS } from '../helpers.ts';
import { chunks, EVENTS, FINALS, PARTIALS, provider, SpeechFlow, sessionOf, stt } from '../speech-flow.ts';

// Two stt-stream nodes on one stt-provider, in a real Node-RED, with many streams at once: no stream gets anything
// of another's, whatever happens to that one.

const options = { timeout: 2 * SAFETY_MS };
const RATES = [8000, 16_000, 48_000];
const PERMISSION_DENIED = 7;
/** A final after so many words. */
const TURN = 7;

interface Talk {
	readonly node: string;
	readonly id: string;
	/** The numbers that are said in it, and in no other: so many, from there on. */
	readonly count: number;
	readonly from: number;
	readonly sampleRate: number;
	readonly pcm: Buffer;
	readonly messages: Message[];
}

let talks = 0;

function talk(node: string, id: string, count: number, sampleRate = 16_000): Talk {
	const from = ++talks * 1000;
	const pcm = numberedAudio(count, sampleRate, from);
	const messages = chunks(pcm, id, { sampleRate, topic: `${node} ${id}` });
	return { node, id, count, from, sampleRate, pcm, messages };
}

/** The messages of all of them in turn, from the `begin`-th of each up to the `end`-th. */
async function send(speech: SpeechFlow, all: readonly Talk[], begin = 0, end = Number.POSITIVE_INFINITY) {
	const longest = Math.max(...all.map(({ messages }) => messages.length));
	for (let index = begin; index < Math.min(longest, end); index++)
		for (const { node, messages } of all) await speech.send(node, messages.slice(index, index + 1));
}

/** What the recogniser got on a connection, without the silence that holds one open on a busy machine. */
function heard(record: ConnectionRecord, sampleRate: number): Buffer {
	const silence = Buffer.alloc(sampleRate / 5);
	let pcm = record.audio();
	for (let at = pcm.indexOf(silence); at >= 0; at = pcm.indexOf(silence))
		pcm = Buffer.concat([pcm.subarray(0, at), pcm.subarray(at + silence.length)]);
	return pcm;
}

const isHeardBy =
	({ pcm, sampleRate }: Talk) =>
	(record: ConnectionRecord) =>
		record.bytes > 0 && pcm.indexOf(heard(record, sampleRate)) === 0;

const transcripts = (speech: SpeechFlow, { node, id }: Talk, port: number) =>
	speech.nodeRed
		.messages(node, port)
		.filter(({ transcript }) => (transcript as Transcript).stream === id)
		.map(({ payload, topic, transcript }) => ({ payload, topic, transcript: transcript as Transcript }));

/** Every word once and in its place and time, in messages that are this stream's. */
async function checkTalk(speech: SpeechFlow, said: Talk): Promise<void> {
	const { node, id, count, from } = said;
	const closed = await speech.closed(node, id);
	assert.equal(closed.code, undefined, `${node} ${id}`);
	assert.equal(closed.text, numberedText(count, from), `${node} ${id}`);
	assert.equal(closed.audioMs, count * 100);
	const finals = transcripts(speech, said, FINALS);
	assert.deepEqual(
		finals.map(({ transcript }) => transcript.turn),
		Array.from({ length: Math.ceil(count / TURN) }, (_, turn) => turn),
	);
	assert.equal(finals.map(({ payload }) => payload).join(' '), closed.text);
	const partials = transcripts(speech, said, PARTIALS);
	assert.ok(partials.length > 0, `${node} ${id} had no partials`);
	for (const { topic, transcript } of [...finals, ...partials]) {
		assert.equal(topic, `${node} ${id}`);
		for (const { text, startMs, endMs } of transcript.words ?? []) {
			const begin = (Number(text) - from) * 100;
			assert.deepEqual([startMs, endMs], [begin + 10, begin + 90], `${text} in ${node} ${id}`);
		}
	}
	const closings = speech.nodeRed
		.messages(node, EVENTS)
		.filter(({ payload, session }) => payload === 'closed' && sessionOf({ session }).stream === id);
	assert.equal(closings.length, 1);
}

describe('many streams at once', () => {
	let recogniser: LoopbackYandex;
	let speech: SpeechFlow;

	before(async () => {
		recogniser = await startYandex({ turnWords: TURN });
		const { endpoint, apiKey } = recogniser;
		const settings = { provider: 'speechkit', maxStreams: 20, streamIdleMs: 60_000 };
		const flow: FlowNode[] = [
			provider('speechkit', { provider: 'yandex', endpoint }),
			...stt('alpha', settings),
			...stt('beta', settings),
			...stt('three', { ...settings, maxStreams: 3 }),
		];
		speech = new SpeechFlow(await startNodeRed({ flow, credentials: { speechkit: { apiKey } } }));
	});
	after(async () => {
		await speech?.nodeRed.stop();
		await recogniser?.stop();
	});

	it('twenty on two nodes, some with the same name, keep to themselves', options, async () => {
		const all = ['alpha', 'beta'].flatMap((node) =>
			Array.from({ length: 10 }, (_, index) =>
				// Half of the names are used on both nodes.
				talk(node, index % 2 ? `${node} ${index}` : `both ${index}`, 12 + index * 2, RATES[index % 3]),
			),
		);
		await send(speech, all, 0, 8);
		await recogniser.until('twenty sessions', () => recogniser.records.length === 20);
		assert.ok(recogniser.records.every(({ closed }) => !closed));
		await send(speech, all, 8);
		for (const said of all) await checkTalk(speech, said);
		assert.equal(recogniser.records.length, 20);
		for (const said of all) {
			const own = recogniser.records.filter(isHeardBy(said));
			assert.equal(own.length, 1, `${own.length} connections got the audio of ${said.id}`);
			assert.ok(own[0] && heard(own[0], said.sampleRate).equals(said.pcm), `the audio of ${said.id}`);
			const asked = JSON.stringify(own[0]?.controls[0]?.message);
			assert.match(asked, new RegExp(`"sample_rate_hertz":${said.sampleRate}\\b`));
		}
		assert.deepEqual(speech.nodeRed.errors(), []);
	});

	it('those of which one fails, one loses its connection and one is reset', options, async () => {
		const before = recogniser.records.length;
		const all = ['alpha', 'beta'].flatMap((node) =>
			['fails', 'breaks', 'stops', 'lives'].map((id) => talk(node, `${id} on ${node}`, 30)),
		);
		await send(speech, all, 0, 16);
		const recordOf = (said: Talk) =>
			recogniser.until(`audio of ${said.id}`, () =>
				recogniser.records.slice(before).find((record) => record.bytes > 16_000 && isHeardBy(said)(record)),
			);
		const records = await Promise.all(all.map(recordOf));
		const [failing, breaking, stopping] = all as [Talk, Talk, Talk];
		const [failed, broken, stopped] = records as [ConnectionRecord, ConnectionRecord, ConnectionRecord];
		recogniser.call(failed).fail(PERMISSION_DENIED, 'Permission denied');
		recogniser.call(broken).drop();
		await speech.send(stopping.node, [{ reset: true, parts: { id: stopping.id } }]);
		assert.equal((await speech.closed(failing.node, failing.id)).code, 'STT_AUTH');
		await speech.closed(stopping.node, stopping.id);
		// What still comes of the two must neither begin them anew nor end up elsewhere.
		await send(
			speech,
			all.filter((said) => said !== stopping),
			16,
		);
		for (const said of all) if (said !== failing && said !== stopping) await checkTalk(speech, said);

		for (const [index, said] of all.entries()) {
			const closed = (await speech.closed(said.node, said.id)) as { reconnects?: number };
			assert.equal(closed.reconnects, said === breaking ? 1 : 0, said.id);
			const record = records[index] as ConnectionRecord;
			const got = heard(record, said.sampleRate);
			if ([failed, broken, stopped].includes(record)) assert.ok(got.length < said.pcm.length);
			else assert.ok(got.equals(said.pcm), `the audio of ${said.id}`);
		}
		await recogniser.until('the end of the session that was reset', () => stopped.closed !== undefined);
		assert.equal(recogniser.records.length - before, all.length + 1);
		const again = recogniser.records.at(-1) as ConnectionRecord;
		const replayed = heard(again, breaking.sampleRate);
		assert.ok(breaking.pcm.subarray(-replayed.length).equals(replayed), 'the replay is not the rest');
		const errors = speech.nodeRed.errors();
		assert.deepEqual(
			errors.map(({ node, code, msg }) => [node, code, msg?.['topic'], msg?.['parts']]),
			[[failing.node, 'STT_AUTH', failing.messages[0]?.['topic'], failing.messages[0]?.['parts']]],
		);
	});

	it('one too many is refused, and only that one', options, async () => {
		const errors = speech.nodeRed.errors().length;
		const all = [
			...['first', 'second', 'third'].map((id) => talk('three', id, 20)),
			...['first', 'second'].map((id) => talk('alpha', id, 20)),
		];
		await send(speech, all, 0, 8);
		const tooMany = talk('three', 'fourth', 20);
		await send(speech, [tooMany]);
		const refused = await speech.closed('three', 'fourth');
		assert.deepEqual([refused.code, refused.text, refused.audioMs], ['STT_QUOTA', '', 0]);
		await send(speech, all, 8);
		for (const said of all) await checkTalk(speech, said);
		assert.equal(speech.closings('three')[0], 'fourth');
		assert.equal(recogniser.records.filter(isHeardBy(tooMany)).length, 0);
		// There is room again.
		const next = talk('three', 'fifth', 10);
		await send(speech, [next]);
		await checkTalk(speech, next);
		assert.deepEqual(
			speech.nodeRed
				.errors()
				.slice(errors)
				.map(({ node, code }) => [node, code]),
			[['three', 'STT_QUOTA']],
		);
	});
});
