import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { wordErrorRate } from '../lab/speech.ts';

const SPOKEN = 'turn on the kitchen light open the garage door play some music';

/** Where Node-RED is started: the path of the recording in the flows must lead to it from anywhere. */
let cwd: string;
before(() => {
	cwd = mkdtempSync(join(tmpdir(), 'voice-flows-'));
});
after(() => rmSync(cwd, { recursive: true }));

/** The flow as the Comment nodes tell the user to change it: WAV files in place of microphone and loudspeaker. */
function withoutHardware(name: string, played: string): FlowNode[] {
	const flow = JSON.parse(
		readFileSync(join(packageRoot, 'examples/flows', `${name}.json`), 'utf8'),
	) as FlowNode[];
	return flow.map((node) => {
		if (node.type === 'mic-capture') return { ...node, source: 'file' };
		if (node.type === 'audio-play') return { ...node, backend: 'file', file: played };
		return node;
	});
}

/** Clicks the button on the editor's canvas. */
async function click(nodeRed: LabNodeRed, button: string): Promise<void> {
	const { status } = await fetch(new URL(`/voice/button-trigger/${button}`, nodeRed.url), { method: 'POST' });
	assert.equal(status, 200);
}

const idOf = (flow: FlowNode[], type: string) => flow.find((node) => node.type === type)!.id;

/** The samples of a WAV with the usual 44-byte header. */
function samples(wav: Buffer): Buffer {
	const at = wav.indexOf('data', 12, 'latin1');
	return wav.subarray(at + 8, at + 8 + wav.readUInt32LE(at + 4));
}

describe('hold-to-talk-playback without hardware', () => {
	it('a click records, the next one stops, and what was recorded is played', async () => {
		const flow = withoutHardware('hold-to-talk-playback', 'played.wav');
		const nodeRed = await startNodeRed({ flow, cwd });
		try {
			const [button, mic, speaker] = ['button-trigger', 'mic-capture', 'audio-play'].map((type) =>
				idOf(flow, type),
			) as [string, string, string];
			await click(nodeRed, button);
			await nodeRed.waitFor(button, ({ payload }) => payload === true);
			await nodeRed.waitForStatus(mic, ({ text = '' }) => /\b[1-9]\d*\.\d/.test(text));
			await click(nodeRed, button);
			const { payload, audio } = await nodeRed.waitFor(mic, () => true, { port: 1 });
			assert.deepEqual(
				{ ...(audio as object), durationMs: 0 },
				{ sampleRate: 48_000, channels: 1, encoding: 'wav', durationMs: 0 },
			);
			const recorded = samples(payload as Buffer);
			assert.ok(recorded.length > 48_000, `${recorded.length} bytes recorded`);
			assert.ok(
				recorded.some((byte) => byte !== 0),
				'only silence was recorded',
			);
			const { playback } = await nodeRed.waitFor(speaker);
			assert.equal((playback as { interrupted: boolean }).interrupted, false);
			const written = samples(readFileSync(join(cwd, 'played.wav')));
			assert.ok(written.equals(recorded), 'what was played is what was recorded');
			assert.deepEqual(
				nodeRed.errors().filter(({ type }) => type !== 'button-trigger'), // it has no GPIO here
				[],
			);
		} finally {
			await nodeRed.stop();
		}
	});
});

describe('live-transcription without hardware', { skip: needs('pocketsphinx') }, () => {
	it('a click transcribes the shipped recording', async () => {
		const flow = withoutHardware('live-transcription', '');
		const stt = idOf(flow, 'stt-stream');
		const nodeRed = await startNodeRed({ flow, cwd });
		try {
			await click(nodeRed, idOf(flow, 'button-trigger'));
			const closed = await nodeRed.waitFor(stt, ({ payload }) => payload === 'closed', { port: 2 });
			const { text } = closed['session'] as { text: string };
			const finals = nodeRed.messages(stt, 0).map(({ payload }) => String(payload));
			assert.equal(finals.join(' '), text);
			assert.ok(wordErrorRate(SPOKEN, text) <= 0.1, text);
			assert.deepEqual(nodeRed.errors(), []);
		} finally {
			await nodeRed.stop();
		}
	});

	it('shows partials while it is spoken', { skip: needs('python3-pocketsphinx') }, async () => {
		const flow = withoutHardware('live-transcription', '');
		const stt = idOf(flow, 'stt-stream');
		const nodeRed = await startNodeRed({ flow, cwd });
		try {
			await nodeRed.send(idOf(flow, 'mic-capture'), { payload: true }); // as its Start node does
			const partial = await nodeRed.waitFor(stt, () => true, { port: 1 });
			assert.equal(nodeRed.messages(stt, 0).length, 0, 'the first partial comes before the first final');
			assert.equal((partial['transcript'] as { kind: string }).kind, 'partial');
			await nodeRed.waitFor(stt, ({ payload }) => payload === 'closed', { port: 2 });
		} finally {
			await nodeRed.stop();
		}
	});
});
