import { constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCommand, spawnGuarded } from '../../../../lib/process/guarded.ts';
import { VoiceError } from '../provider.ts';

/** A named pipe in a folder of its own, for a program that opens its input by name. */
export class AudioPipe {
	readonly path: string;
	/** Writing does not block; `end` is the reader's end of file. */
	readonly input: Socket;

	private constructor(path: string) {
		this.path = path;
		// Opened for both directions, because opening only for writing fails until the reader is there.
		const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
		this.input = new Socket({ fd, readable: false, writable: true });
		this.input.on('error', () => {}); // the reader's exit tells the same
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

	async remove(): Promise<void> {
		this.input.destroy();
		await rm(dirname(this.path), { recursive: true, force: true });
	}
}
