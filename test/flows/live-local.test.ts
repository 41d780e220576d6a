import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { speak, wordErrorRate } from '../lab/speech.ts';
import { writeToyTransducer } from '../lab/toy-models/models.ts';
import { toneSpeech } from '../lab/toy-models/tones.ts';

// The flow live-local as it is shipped, on the virtual sound card. What is on the machine decides which engine runs:
// with a downloaded model sherpa-onnx, on a toy model that takes tones for words (no speech recognition); without,
// PocketSphinx, on speech.

const RATE = 16_000;
const CHUNK_BYTES = 1024 * 2;
const FLOW = JSON.parse(
	readFileSync(join(packageRoot, 'examples/flows/live-local.json'), 'utf8'),
) as FlowNode[];
const [MIC, STT] = ['live-local-mic', 'live-local-stt'] as const;

interface Closed {
	text: string;
	code?: string;
	audioMs: number;
}

describe('the flow live-local, from the sound card to text', {
	skip: needs('pulseaudio', 'alsa-utils'),
}, () => {
	let card: SoundCard;
	before(async () => {
		card = await startSoundCard({ rate: RATE });
	});
	after(async () => {
		await card?.stop();
	});

	async function click(nodeRed: LabNodeRed, inject: string): Promise<void> {
		const url = new URL(`/inject/live-local-${inject}`, nodeRed.url);
		assert.equal((await fetch(url, { method: 'POST' })).status, 200);
	}

	/** Says it into the microphone between a click on Start and one on Stop. */
	async function hear(nodeRed: LabNodeRed, sound: Buffer): Promise<Closed> {
		await click(nodeRed, 'start');
		await nodeRed.waitFor(MIC);
		await card.feed(sound).done;
		await click(nodeRed, 'stop');
		const closed = await nodeRed.waitFor(STT, ({ payload }) => payload === 'closed', { port: 2 });
		const chunks = nodeRed.messages(MIC);
		assert.ok(chunks.slice(0, -1).every(({ payload }) => (payload as Buffer).length === CHUNK_BYTES));
		const session = closed['session'] as Closed;
		assert.equal(session.code, undefined);
		const finals = nodeRed.messages(STT, 0).map(({ payload }) => payload);
		assert.equal(finals.join(' '), session.text);
		assert.ok(nodeRed.messages(STT, 1).length > 0, 'partials came');
		assert.deepEqual(nodeRed.errors(), []);
		return session;
	}

	it('without a model PocketSphinx understands', {
		skip: needs('flite', 'sox', 'python3-pocketsphinx'),
	}, async () => {
		const nodeRed = await startNodeRed({ flow: FLOW, env: card.env });
		try {
			const said = 'turn on the kitchen light';
			const { text } = await hear(nodeRed, await speak(said, { rate: RATE }));
			assert.ok(wordErrorRate(said, text) <= 0.25, text);
		} finally {
			await nodeRed.stop();
		}
	});

	it('a model in the user folder is found, and run by sherpa-onnx', {
		skip: needs('sherpa-onnx'),
	}, async () => {
		const nodeRed = await startNodeRed({ flow: [], env: card.env });
		try {
			writeToyTransducer(join(nodeRed.userDir, 'voice-models', 'toy'));
			await nodeRed.setFlows(FLOW);
			const sound = Buffer.concat([toneSpeech('ONE TWO THREE'), Buffer.alloc(RATE)]);
			const { text } = await hear(nodeRed, sound);
			assert.equal(text, 'ONE TWO THREE');
		} finally {
			await nodeRed.stop();
		}
	});
});
