import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { speak } from '../lab/speech.ts';

// The flow spoken-answer on a sound card whose microphone hears its loudspeaker: question, text, answer, sound.

const RATE = 16_000;
const FLOW = JSON.parse(
	readFileSync(join(packageRoot, 'examples/flows/spoken-answer.json'), 'utf8'),
) as FlowNode[];
const [MIC, STT, PLAY] = ['mic', 'stt', 'play'].map((name) => `spoken-answer-${name}`) as [
	string,
	string,
	string,
];
/** Who knows what may be asked understands it on a busy machine too, which tears the sound. */
const GRAMMAR = `#JSGF V1.0;
grammar questions;
public <question> = turn (on | off) the kitchen light | what time is it;
`;

const flow = (mic: object, grammar: string): FlowNode[] =>
	FLOW.map((node) => {
		if (node.type === 'mic-capture') return { ...node, ...mic };
		if (node.type !== 'stt-provider') return node;
		return { ...node, options: { engine: 'pocketsphinx', grammar } };
	});

/** What the flow's Say nodes say with these words. */
function samplesOf(words: string): Buffer {
	const wav = execFileSync('sh', ['-c', `flite -voice slt -t "${words}" -o /dev/stdout | cat`]);
	const at = wav.indexOf('data', 12, 'latin1');
	return wav.subarray(at + 8, at + 8 + wav.readUInt32LE(at + 4));
}

describe('hands-free question and answer', {
	skip: needs('pulseaudio', 'alsa-utils', 'flite', 'sox', 'python3-pocketsphinx'),
}, () => {
	let card: SoundCard;
	let nodeRed: LabNodeRed;
	before(async () => {
		card = await startSoundCard({ rate: RATE, echo: true });
		writeFileSync(grammar(), GRAMMAR);
	});
	after(() => card?.stop());

	const grammar = () => join(card.folder, 'questions.jsgf');
	async function start(mic: object): Promise<void> {
		nodeRed = await startNodeRed({ env: card.env, flow: flow(mic, grammar()) });
		await nodeRed.waitForStatus(MIC, ({ text }) => text === 'waiting for speech');
	}

	/** The texts, and where in their streams they were. */
	const heard = () =>
		nodeRed.messages(STT, 0).map(({ transcript }) => {
			const { text, startMs, endMs } = transcript as { text: string; startMs: number; endMs: number };
			return `"${text}" (${startMs} to ${endMs} ms)`;
		});
	const streams = () => nodeRed.messages(MIC, 0).filter(({ complete }) => complete).length;

	it('answers each question, and does not hear its own answer', async () => {
		await start({});
		try {
			const question = await speak('turn on the kitchen light', { rate: RATE, tail: 1500 });
			for (let asked = 1; asked <= 2; asked++) {
				await card.feed(question).done;
				await nodeRed.waitFor(PLAY, (_, index) => index === asked - 1);
				// Longer than the echo of the answer and the silence that ends an utterance.
				await card.feed(Buffer.alloc(3 * RATE * 2)).done;
				assert.equal(streams(), asked, `one utterance per question, heard: ${heard()}`);
			}
			const answer = samplesOf('The kitchen light is on.');
			const [first, second] = card.spokenStreams().map(({ data }) => data.includes(answer));
			assert.deepEqual([first, second], [true, true], `heard: ${heard()}`);
			assert.deepEqual(nodeRed.errors(), []);
		} finally {
			await nodeRed.stop();
		}
	});

	it('would hear it, were it not muted', async () => {
		await start({ muteWhilePlaying: false });
		try {
			await card.feed(await speak('turn on the kitchen light', { rate: RATE, tail: 1500 })).done;
			await nodeRed.waitFor(MIC, ({ parts }, index) => index > 0 && (parts as { index: number }).index === 0);
			await nodeRed.until('a second utterance', () => (streams() >= 2 ? true : undefined));
		} finally {
			await nodeRed.stop();
		}
	});
});
