import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endIdleEngines } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/engine.ts';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { Proc } from '../../../lab/descendants.ts';
import { descendants } from '../../../lab/descendants.ts';
import {
	type ToyOptions,
	writeToyCtc,
	writeToyTransducer,
	writeToyVad,
} from '../../../lab/toy-models/models.ts';
import { feed, type Heard, listen, localProvider, noChildren, openOptions } from '../helpers.ts';

// What the tests of the sherpa-onnx engine share. They run the real engine on toy models, which take pure tones for
// words (test/lab/toy-models): tests of the engine's handling, not of speech recognition.

/** A folder with toy models that are written when they are asked for. */
export class ToyModels {
	readonly folder = mkdtempSync(join(tmpdir(), 'voice-toys-'));
	#count = 0;

	transducer(options?: ToyOptions): string {
		return writeToyTransducer(this.#next(), options);
	}

	ctc(options?: ToyOptions): string {
		return writeToyCtc(this.#next(), options);
	}

	vad(): string {
		return writeToyVad(join(this.folder, `${++this.#count}.onnx`));
	}

	remove(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}

	#next(): string {
		return join(this.folder, `model-${++this.#count}`);
	}
}

/** With pauses of 600 ms, so that the tests need little silence. */
export const sherpaProvider = (model: string, options: Record<string, unknown> = {}): SttProvider =>
	localProvider({ engine: 'sherpa-onnx', endSilenceMs: 600, ...options }, { model });

/** All that a provider says of one stream. */
export async function hear(
	provider: SttProvider,
	pcm: Buffer,
	chunkMs = 64,
	options: Partial<typeof openOptions> = {},
): Promise<Heard> {
	await provider.prepare?.();
	const session = await provider.open({ ...openOptions, ...options }, new AbortController().signal);
	const heard = listen(session);
	await feed(session, pcm, chunkMs);
	await session.finish();
	const failure = await heard.end;
	if (failure) throw failure;
	return heard;
}

/** The engine's processes, without the shells that guard them. */
export const sherpas = (): Proc[] =>
	descendants(process.pid, 'none').filter(
		({ command }) => /sherpa-onnx\/child/.test(command) && !/^\/bin\/sh/.test(command),
	);

/** Ends idle engines, and resolves when no process is left. */
export async function nothingLeft(): Promise<void> {
	await endIdleEngines();
	await noChildren();
}
