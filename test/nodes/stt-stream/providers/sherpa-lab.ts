import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPayload } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/config.ts';
import {
	endIdleEngines,
	engineFor,
} from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/engine.ts';
import { inspectModel } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/model.ts';
import { readSherpaOptions } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/options.ts';
import type {
	LoadPayload,
	Stats,
} from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/protocol.ts';
import { inspectVad } from '../../../../nodes/stt-stream/providers/local/sherpa-onnx/vad-model.ts';
import { SettingsReader, type SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
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

/** What the engine is told to load. */
export async function payloadFor(
	folder: string,
	options: Record<string, unknown> = {},
): Promise<LoadPayload> {
	const raw = { endSilenceMs: 600, ...options };
	const read = readSherpaOptions(new SettingsReader(raw, 'STT_CONFIG'), raw);
	const vad = read.vad ? await inspectVad(read.vad) : undefined;
	return loadPayload(await inspectModel(folder, read), read, undefined, vad);
}

/** What the engine has done that such a provider uses. */
export async function statsOf(folder: string, options: Record<string, unknown>): Promise<Stats> {
	const load = await payloadFor(folder, options);
	const { child } = engineFor({ load, folder, unloadAfterMs: 300_000 });
	if (!child) throw new Error('it has no process');
	return child.stats();
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
