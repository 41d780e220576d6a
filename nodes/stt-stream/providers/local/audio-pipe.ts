import { constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCommand, spawnGuarded } from '../../../../lib/process/guarded.ts';
import { VoiceError } from '../provider.ts';

const LOOK_AGAIN_MS = 5;

/** A named pipe in a folder of its own, for a program that opens its input by name. */
export class AudioPipe {
	readonly path: string;
	#input: Socket | undefined;
	#removed = false;

	private constructor(path: string) {
		this.path = path;
	}

	/** @throws VoiceError STT_ENGINE where the system has no named pipes */
	static async make(): Promise<AudioPipe> {
		const folder = await mkdtemp(join(tmpdir(), 'voice-audio-'));
		const path = join(folder, 'audio.raw');
		const mkfifo = findCommand('mkfifo');
		const made = mkfifo && (await spawnGuarded(mkfifo, ['-m', '600', path]).exited);
		if (made && made.code === 0) return new AudioPipe(path);
		await rm(folder, { recursive: true, force: true });
		throw new VoiceError(
			'STT_ENGINE',
			`No named pipe can be made in ${tmpdir()}`,
			'install python3-pocketsphinx, which needs none, or set TMPDIR to a folder on a Linux file system',
		);
	}

	/**
	 * The pipe's writing end, once the program reads; undefined if the pipe was removed before. Nothing announces
	 * the reader, and a pipe that is written and closed before it comes would leave it waiting for ever.
	 */
	async connect(): Promise<Socket | undefined> {
		while (!this.#removed) {
			const fd = this.#open();
			if (fd !== undefined) {
				this.#input = new Socket({ fd, readable: false, writable: true });
				this.#input.on('error', () => {}); // the reader's exit tells the same
				return this.#input;
			}
			await sleep(LOOK_AGAIN_MS);
		}
		return undefined;
	}

	async remove(): Promise<void> {
		this.#removed = true;
		this.#input?.destroy();
		await rm(dirname(this.path), { recursive: true, force: true });
	}

	/** Undefined while nobody reads: opening only for writing, without blocking, then answers ENXIO. */
	#open(): number | undefined {
		try {
			return openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
			throw error;
		}
	}
}
