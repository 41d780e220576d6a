import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import { findCommand } from '../../../lib/process/guarded.ts';
import { needs } from '../../lab/needs.ts';
import { type FlowNode, type LabNodeRed, type Message, sink, startNodeRed } from '../../lab/node-red.ts';
import { findRun, noise, sine } from '../../lab/signals.ts';
import { type SoundCard, startSoundCard } from '../../lab/sound-card.ts';

// The node in a real Node-RED on a virtual sound card that has everything that sound cards do to people.

const RATE = 16_000;

const isLast = (message: Message) => message['complete'] === true;
const ended = (message: Message) => (message as unknown as AudioChunkMessage).audio.ended;

function mic(id: string, source: string, own: object): FlowNode {
	return { id, type: 'mic-capture', z: 'tab', source, device: 'vmic', ...own, wires: [['sink'], ['sink']] };
}

const flow = (...mics: FlowNode[]): FlowNode[] => [
	{ id: 'tab', type: 'tab', label: 'test' },
	sink('sink', 'tab'),
	{ id: 'catch', type: 'catch', z: 'tab', scope: null, wires: [['sink']] },
	...mics,
];

for (const [source, ...packages] of [['alsa'], ['portaudio', 'naudiodon']] as const)
	describe(`mic-capture with ${source}`, {
		skip: needs('pulseaudio', 'alsa-utils', 'gcc', ...packages),
	}, () => {
		let card: SoundCard;
		let nodeRed: LabNodeRed;

		before(async () => {
			card = await startSoundCard({ rate: RATE, awkward: true });
			nodeRed = await startNodeRed({
				env: card.env,
				flow: flow(
					mic('one', source, {}),
					mic('two', source, { framesPerBuffer: 500 }),
					mic('unknown', source, { device: 'no such microphone' }),
					mic('rate', source, { device: 'only48' }),
					mic('stereo', source, { device: 'stereo' }),
				),
			});
		});
		after(async () => {
			await nodeRed.stop();
			await card.stop();
		});

		/** Starts a stream; resolves with its id when its first chunk has come. */
		async function begin(id: string, message: Message = { payload: true }): Promise<string> {
			const before = nodeRed.messages(id, 0).length;
			await nodeRed.send(id, message);
			const first = await nodeRed.waitFor(id, (_, i) => i >= before, { port: 0 });
			return (first as unknown as AudioChunkMessage).parts.id;
		}

		const recordingOf = async (id: string, stream: string) =>
			(await nodeRed.waitFor(id, (message) => message['stream'] === stream, {
				port: 1,
			})) as unknown as RecordingMessage;

		async function end(id: string, stream: string): Promise<RecordingMessage> {
			await nodeRed.send(id, { payload: false });
			return recordingOf(id, stream);
		}

		/** Starts a node that fails: its stream ends empty, and a Catch node gets the error, which is returned. */
		async function failure(id: string, tag: string): Promise<Message> {
			const before = nodeRed.messages(id, 0).length;
			await nodeRed.send(id, { payload: true, tag });
			const last = await nodeRed.waitFor(id, (message, i) => i >= before && isLast(message), { port: 0 });
			assert.deepEqual([ended(last), (last['payload'] as Buffer).length], ['error', 0]);
			const caught = await nodeRed.waitFor('catch', (message) => message['tag'] === tag);
			return caught['error'] as Message;
		}

		test('two microphones at once record the same sound, whole and unchanged', async () => {
			const [one, two] = [await begin('one'), await begin('two')];
			const signal = noise(RATE * 2, 21);
			await card.feed(signal).done;
			const first = await end('one', one);
			const { length } = nodeRed.messages('two', 0);
			await nodeRed.waitFor('two', (_, i) => i >= length + 8, { port: 0 });
			const second = await end('two', two);
			for (const { payload } of [first, second]) {
				const run = findRun(payload.subarray(44), signal);
				// The first one was stopped when the last sound was still on its way to it.
				assert.ok(run.exact && run.offset === 0 && run.frames > RATE * 1.5, run.summary);
			}
			assert.equal(findRun(second.payload.subarray(44), signal).frames, RATE * 2);
			assert.deepEqual(nodeRed.errors(), []);
		});

		test('an unknown device is an error, never another microphone', async () => {
			const error = await failure('unknown', `unknown ${source}`);
			assert.equal(error['code'], 'MIC_DEVICE_NOT_FOUND');
			assert.match(String(error['message']), /"no such microphone".*vmic/);
			await nodeRed.waitForStatus('unknown', ({ fill, text }) => fill === 'red' && text === 'no such device');
		});

		test('a busy device is an error; when it is free, start works', async () => {
			// While a stream runs PortAudio keeps its list of devices; a virtual one that is busy would not be in a new one.
			const other = await begin('two');
			card.setBusy('vmic', true);
			try {
				const error = await failure('one', `busy ${source}`);
				assert.equal(error['code'], 'MIC_DEVICE_BUSY');
				assert.match(String(error['message']), /vmic/);
			} finally {
				card.setBusy('vmic', false);
			}
			const { payload } = await end('one', await begin('one'));
			assert.ok(payload.length > 44);
			await end('two', other);
		});

		test('a rate that the device refuses is converted', async () => {
			const stream = await begin('rate');
			const tone = sine(48_000 * 2, 1000, 48_000, 8000);
			await card.feed(tone, { rate: 48_000 }).done;
			const recording = await end('rate', stream);
			assert.equal(recording.audio.sampleRate, RATE);
			const heard = recording.payload.subarray(44);
			const samples = Array.from({ length: heard.length / 2 }, (_, i) => heard.readInt16LE(i * 2));
			// From the middle of the sound: one second of 1000 Hz has 1000 rising zero crossings.
			const from = samples.findIndex((sample) => Math.abs(sample) > 4000) + RATE / 4;
			const second = samples.slice(from, from + RATE);
			const rises = second.filter((sample, i) => sample >= 0 && (second[i - 1] ?? 0) < 0).length;
			assert.ok(
				second.length === RATE && Math.abs(rises - 1000) <= 1,
				`${rises} periods in ${second.length}`,
			);
			const peak = Math.max(...second);
			assert.ok(Math.abs(peak - 8000) < 200, `peak ${peak}`);
		});

		test('channels that the device refuses are mixed', async () => {
			const stream = await begin('stereo');
			const signal = noise(RATE, 23);
			await card.feed(signal).done;
			const { length } = nodeRed.messages('stereo', 0);
			await nodeRed.waitFor('stereo', (_, i) => i >= length + 8, { port: 0 });
			const { audio, payload } = await end('stereo', stream);
			assert.equal(audio.channels, 1);
			const run = findRun(payload.subarray(44), signal);
			assert.ok(run.exact && run.frames === RATE, run.summary);
		});

		test('a sound server that dies while recording: the stream ends, and start works when it is back', async () => {
			const stream = await begin('one', { payload: true, tag: `lost ${source}` });
			await card.kill();
			const last = await nodeRed.waitFor(
				'one',
				(message) => isLast(message) && (message['parts'] as Message)['id'] === stream,
				{ port: 0 },
			);
			assert.equal(ended(last), 'error');
			const recording = await recordingOf('one', stream);
			assert.ok(recording.payload.length > 44);
			const caught = await nodeRed.waitFor('catch', (message) => message['tag'] === `lost ${source}`);
			assert.equal((caught['error'] as Message)['code'], 'MIC_STALLED');
			const gone = await failure('one', `gone ${source}`);
			assert.match(String(gone['code']), /^MIC_(DEVICE_NOT_FOUND|STALLED)$/);
			await card.restart();
			const again = await begin('one');
			const signal = noise(RATE, 24);
			await card.feed(signal).done;
			const run = findRun((await end('one', again)).payload.subarray(44), signal);
			assert.ok(run.exact && run.offset === 0 && run.frames > RATE / 2, run.summary);
		});

		test('an armed microphone that goes away is reported once, and comes back by itself', async () => {
			await nodeRed.setFlows(flow(mic('armed', source, { preRollMs: 500 })));
			const ready = ({ text }: { text?: string }) => text === 'ready';
			await nodeRed.waitForStatus('armed', ready);
			await card.kill();
			const error = await nodeRed.waitForError('armed');
			assert.equal(error.code, 'MIC_STALLED');
			const shown = nodeRed.statuses('armed').length;
			await card.restart();
			await nodeRed.waitForStatus('armed', ready, { after: shown - 1 });
			assert.equal(nodeRed.errors('armed').length, 1);
			const { payload } = await end('armed', await begin('armed'));
			assert.ok(payload.length > 44);
		});

		test('a deployment while recording lets the device go; a killed Node-RED leaves no process', async () => {
			await nodeRed.setFlows(flow(mic('one', source, { preRollMs: 100 })));
			await begin('one');
			await nodeRed.setFlows(flow());
			const last = await nodeRed.waitFor('one', (message) => isLast(message) && ended(message) === 'close');
			assert.ok(last);
			if (source === 'alsa') await nodeRed.waitForNoChildren();
			await nodeRed.setFlows(flow(mic('one', source, {})));
			await begin('one');
			await nodeRed.kill();
			await nodeRed.waitForNoChildren();
		});
	});

describe('mic-capture where arecord is not installed', () => {
	let nodeRed: LabNodeRed;
	let bin: string;
	before(async () => {
		bin = await mkdtemp(join(tmpdir(), 'voice-mic-bin-'));
		for (const command of ['node', 'sh']) {
			const path = command === 'node' ? process.execPath : findCommand(command);
			await symlink(path as string, join(bin, command));
		}
		nodeRed = await startNodeRed({ env: { PATH: bin }, flow: flow(mic('alsa', 'alsa', {})) });
	});
	after(async () => {
		await nodeRed.stop();
		await rm(bin, { recursive: true, force: true });
	});

	test('the error says how to install it', async () => {
		await nodeRed.send('alsa', { payload: true });
		const error = await nodeRed.waitForError('alsa');
		assert.equal(error.code, 'MIC_BACKEND_MISSING');
		assert.equal(error.message, 'arecord is not installed: sudo apt install alsa-utils');
		const response = await fetch(`${nodeRed.url}/voice/mic-capture/devices?source=alsa`);
		assert.equal(response.status, 503);
		assert.match(await response.text(), /apt install alsa-utils/);
	});
});
