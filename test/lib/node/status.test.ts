import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, NodeStatus } from 'node-red';
import { StatusLine, type Translate } from '../../../lib/node/status.ts';

/** What a status line sends to the editor. */
function line(translate: Translate) {
	const sent: (NodeStatus | string)[] = [];
	const node = { status: (status: NodeStatus | string) => sent.push(status) } as unknown as Node;
	return { sent, status: new StatusLine(node, translate, 'mic-capture') };
}

test('each look has its colour and shape, and the key is looked up in the set of the node', () => {
	const { sent, status } = line((key, values) => `${key.slice(-6)} ${values?.['s'] ?? ''}`);
	const asked: string[] = [];
	line((key) => {
		asked.push(key);
		return key;
	}).status.show('idle', 'idle');
	assert.deepEqual(asked, ['mic-capture.status.idle']);
	for (const look of ['idle', 'connecting', 'active', 'playing', 'warning', 'error'] as const)
		status.show(look, 'xxxxxx', { s: 3.2 });
	const text = 'xxxxxx 3.2';
	assert.deepEqual(sent, [
		{ fill: 'grey', shape: 'ring', text },
		{ fill: 'yellow', shape: 'ring', text },
		{ fill: 'green', shape: 'dot', text },
		{ fill: 'blue', shape: 'dot', text },
		{ fill: 'yellow', shape: 'dot', text },
		{ fill: 'red', shape: 'ring', text },
	]);
});

test('texts are at most 20 characters, and no character is halved', () => {
	for (const [text, shown] of [
		['12345678901234567890', '12345678901234567890'],
		['123456789012345678901', '1234567890123456789…'],
		[`${'🎙'.repeat(20)}`, '🎙'.repeat(20)],
		[`${'🎙'.repeat(21)}`, `${'🎙'.repeat(19)}…`],
		['', ''],
	] as const) {
		const { sent, status } = line(() => text);
		status.show('idle', 'x');
		assert.deepEqual(sent, [{ fill: 'grey', shape: 'ring', text: shown }]);
	}
});

test('without a catalogue, each status still shows what it is', () => {
	const { sent, status } = line((key) => key);
	status.show('idle', 'idle');
	status.show('active', 'recording', { seconds: '3.2' });
	status.show('active', 'recording', { seconds: '3.7' });
	status.show('error', 'code.MIC_FORMAT');
	assert.deepEqual(
		sent.map((shown) => typeof shown === 'object' && shown.text),
		['idle', 'recording 3.2', 'recording 3.7', 'MIC_FORMAT'],
	);
});

test('only changes reach the editor', () => {
	const { sent, status } = line((key) => key.slice('mic-capture.status.'.length));
	status.show('idle', 'a');
	status.show('idle', 'a');
	status.show('active', 'a');
	status.show('active', 'b');
	status.show('active', 'b');
	assert.equal(sent.length, 3);
	status.clear();
	status.show('active', 'b');
	assert.deepEqual(sent.slice(3), [{}, { fill: 'green', shape: 'dot', text: 'b' }]);
});
