import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import type { NodeAPI } from 'node-red';
import { encodeWav } from '../../../lib/audio/wav.ts';
import type { AudioChunkMessage, RecordingMessage } from '../../../lib/node/messages.ts';
import micCapture from '../../../nodes/mic-capture/mic-capture.ts';
import { noise } from '../../lab/signals.ts';

const RATE = 16_000;
const HOUR_MS = 3_600_000;
const PACE = 600;
const KEPT_MS = 10_000;

/**
 * A node on its own. Neither Node-RED's test helper nor the lab will do here: both keep every message that is sent.
 */
class LoneNode extends EventEmitter {
	readonly type = 'mic-capture';
	readonly wires: string[][] = [['audio'], ['recording']];
	readonly errors: unknown[] = [];
	onSend: (messages: unknown[]) => void = () => {};

	static create(config: object): LoneNode {
		const node = new LoneNode();
		const events = new EventEmitter();
		const red = {
			nodes: {
				createNode() {},
				registerType: (_: string, construct: (this: LoneNode, config: object) => void) =>
					construct.call(node, config),
			},
			events,
			httpAdmin: { get() {}, post() {} },
			auth: { needsPermission() {} },
			util: { generateId: () => 'stream' },
			settings: {},
			_: (key: string) => key,
		};
		micCapture(red as unknown as NodeAPI);
		events.emit('flows:started');
		return node;
	}

	send(messages: unknown[]): void {
		this.onSend(messages);
	}

	error(error: unknown): void {
		this.errors.push(error);
	}

	warn(): void {}
	status(): void {}
}

/** Bytes that this process uses for objects and Buffers. */
const used = () => {
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
};

describe('a microphone left open', () => {
	let folder: string;
	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'voice-mic-hour-'));
		const minute = noise(8000 * 60, 1, 2);
		await writeFile(join(folder, 'loop.wav'), encodeWav([minute], { sampleRate: 8000, channels: 2 }));
		process.env['VOICE_FILE_PACE'] = String(PACE);
	});
	after(async () => {
		delete process.env['VOICE_FILE_PACE'];
		await rm(folder, { recursive: true, force: true });
	});

	test('for an hour of audio uses constant memory, with resampling, pre-roll and a wired recording', async () => {
		const node = LoneNode.create({
			source: 'file',
			file: join(folder, 'loop.wav'),
			loop: true,
			preRollMs: 2000,
			recordMaxMs: KEPT_MS,
			maxMs: HOUR_MS,
			silenceStopMs: 5000,
		});
		let frames = 0;
		// Garbage is collected when V8 likes: what counts is the least of many looks in five minutes of audio.
		const least: number[] = [];
		const recording = new Promise<RecordingMessage>((resolve) => {
			node.onSend = ([chunk, wav]) => {
				if (wav) resolve(wav as RecordingMessage);
				else {
					frames += (chunk as AudioChunkMessage).payload.length / 2;
					const part = Math.floor(frames / (RATE * 300));
					least[part] = Math.min(least[part] ?? Number.POSITIVE_INFINITY, used());
				}
			};
		});
		node.emit('input', { payload: true }, node.send.bind(node), () => {});
		const { audio, payload } = await recording;
		await new Promise<void>((resolve) => node.emit('close', true, resolve));
		assert.deepEqual(node.errors, []);
		assert.equal(frames, (HOUR_MS / 1000) * RATE);
		assert.deepEqual([audio.truncated, audio.durationMs], [true, KEPT_MS]);
		assert.equal(payload.length, 44 + (KEPT_MS / 1000) * RATE * 2);
		const warm = Math.max(...least.slice(0, 3));
		const later = Math.max(...least.slice(3, 12));
		// An hour is 115 MB: a leak of even a tenth of it shows.
		const megabytes = least.map((bytes) => Math.round(bytes / 1e6)).join(', ');
		assert.ok(later < warm + 10_000_000, `MB in use, per five minutes: ${megabytes}`);
	});
});
