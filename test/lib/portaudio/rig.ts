import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import {
	type OpenRequest,
	PortAudio,
	type PortAudioInput,
	type PortAudioOptions,
	type PortAudioOutput,
} from '../../../lib/portaudio/client.ts';
import { descendants, type Proc } from '../../lab/descendants.ts';
import type { SoundCard } from '../../lab/sound-card.ts';

/** PortAudio on a virtual card, with children that end at once when they are idle and asked to. */
export function portAudioOn(card: Pick<SoundCard, 'env'>, options: PortAudioOptions = {}): PortAudio {
	return new PortAudio({ ...options, env: { ...process.env, ...card.env, ...options.env } });
}

export function request(
	device: string,
	sampleRate = 16_000,
	channels = 1,
	framesPerBuffer = 512,
): OpenRequest {
	return { device, format: { sampleRate, channels }, framesPerBuffer };
}

/** A condition over what happened, and those who wait for it. */
class Happenings {
	readonly #looks = new Set<() => void>();

	happened(): void {
		for (const look of this.#looks) look();
	}

	until(condition: () => boolean): Promise<void> {
		return new Promise((resolve) => {
			const look = () => {
				if (!condition()) return;
				this.#looks.delete(look);
				resolve();
			};
			this.#looks.add(look);
			look();
		});
	}
}

/** An open microphone and all that it brought. */
export class Recording extends Happenings {
	readonly pieces: Buffer[] = [];
	readonly losses: Error[] = [];
	#bytes = 0;
	#input: PortAudioInput | undefined;

	static async start(portAudio: PortAudio, wanted: OpenRequest): Promise<Recording> {
		const recording = new Recording();
		let isOpen = false;
		recording.#input = await portAudio.openInput(wanted, {
			data: (pcm) => {
				if (!isOpen) throw new Error('data before openInput resolved');
				recording.pieces.push(pcm);
				recording.#bytes += pcm.length;
				recording.happened();
			},
			lost: (error) => {
				recording.losses.push(error);
				recording.happened();
			},
		});
		isOpen = true;
		return recording;
	}

	get input(): PortAudioInput {
		return this.#input!;
	}

	get pcm(): Buffer {
		return Buffer.concat(this.pieces);
	}

	/** Resolves when `bytes` more have arrived. */
	more(bytes: number): Promise<void> {
		const goal = this.#bytes + bytes;
		return this.until(() => this.#bytes >= goal);
	}

	lost(): Promise<void> {
		return this.until(() => this.losses.length > 0);
	}
}

/** An open loudspeaker and all that it said. */
export class Playback extends Happenings {
	readonly losses: Error[] = [];
	underruns = 0;
	drains = 0;
	#output: PortAudioOutput | undefined;

	static async start(portAudio: PortAudio, wanted: OpenRequest): Promise<Playback> {
		const playback = new Playback();
		playback.#output = await portAudio.openOutput(wanted, {
			drain: () => {
				playback.drains++;
				playback.happened();
			},
			lost: (error) => {
				playback.losses.push(error);
				playback.happened();
			},
			underrun: () => {
				playback.underruns++;
				playback.happened();
			},
		});
		return playback;
	}

	get output(): PortAudioOutput {
		return this.#output!;
	}

	/** Writes all of it in pieces of `bytes`, as fast as the queue allows. */
	async write(pcm: Buffer, bytes = 3200): Promise<void> {
		for (let at = 0; at < pcm.length && this.losses.length === 0; at += bytes) {
			const drains = this.drains;
			if (!this.output.write(pcm.subarray(at, at + bytes)))
				await this.until(() => this.drains > drains || this.losses.length > 0);
		}
	}

	lost(): Promise<void> {
		return this.until(() => this.losses.length > 0);
	}
}

/** The processes under `root` that own naudiodon. */
export function portAudioChildren(root: number = process.pid): Proc[] {
	return descendants(root, '').filter(
		({ command }) => command.startsWith(process.execPath) && /portaudio\/child\.js\s*$/.test(command),
	);
}

/** Polls for what no event tells. */
export async function until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
	for (const deadline = Date.now() + timeoutMs; !condition(); await sleep(20))
		if (Date.now() > deadline) throw new Error(`never: ${what}`);
}
