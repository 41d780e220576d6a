import assert from 'node:assert/strict';
import { after, beforeEach } from 'node:test';
import type {
	OpenOptions,
	ProviderConfig,
	SttSession,
} from '../../../../nodes/stt-stream/providers/provider.ts';
import {
	type AssemblyAiSettings,
	type LoopbackAssemblyAi,
	startAssemblyAi,
} from '../../../lab/recognisers/assemblyai.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { type Heard, listen, never, silence, until, wishes } from '../helpers.ts';
import { providerAt, type Version } from './assemblyai-helpers.ts';

// A fresh loopback recogniser for every test of a file.

/** The one of the test that runs. */
export let recogniser: LoopbackAssemblyAi | undefined;

/** Puts another one in its place. */
export async function start(settings: AssemblyAiSettings = {}): Promise<LoopbackAssemblyAi> {
	await recogniser?.stop();
	recogniser = await startAssemblyAi(settings);
	return recogniser;
}

export interface Ask extends Partial<ProviderConfig> {
	version?: Version;
	wish?: Partial<OpenOptions>;
}

/** A session at that recogniser. */
export async function open({ version = 'assemblyai', wish = {}, ...config }: Ask = {}): Promise<{
	session: SttSession;
	heard: Heard;
}> {
	assert.ok(recogniser);
	const session = await providerAt(recogniser, version, config).open(wishes(wish), never());
	return { session, heard: listen(session) };
}

/** Two utterances: 0 to 3, and 50 to 52. */
export const SPEECH = Buffer.concat([numberedAudio(4), silence(1500), numberedAudio(3, 16_000, 50)]);

/** Speaks 0 to 3, a pause, and 50 to 52: each word once the one before was heard, so that no partial is passed over. */
export async function converse(session: SttSession, heard: Heard, version: Version): Promise<void> {
	let partials = 0;
	for (const [from, count] of [
		[0, 4],
		[50, 3],
	] as const) {
		for (let word = from; word < from + count; word++) {
			session.write(numberedAudio(1, 16_000, word));
			partials++;
			await until('a partial', () => heard.results('partial').length >= partials);
		}
		if (from) return;
		// v3 reports the pause before it ends the turn, v2 does not.
		session.write(silence(500));
		if (version === 'assemblyai')
			await until('the pause', () => heard.events.some(({ type }) => type === 'end-of-utterance'));
		session.write(silence(1000));
		await until('the final', () => heard.results('final').length === 1);
		partials = heard.results('partial').length;
	}
}

export const kinds = ({ events }: Heard) =>
	events.flatMap((event) => ('text' in event ? [[event.type, event.utterance, event.text]] : []));

beforeEach(async () => void (await start()));
after(() => recogniser?.stop());
