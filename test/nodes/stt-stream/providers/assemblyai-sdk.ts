import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../../../lab/certificates.ts';
import {
	type AssemblyAiSettings,
	type LoopbackAssemblyAi,
	startAssemblyAi,
} from '../../../lab/recognisers/assemblyai.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import { silence } from '../helpers.ts';
import type { Report, Task } from './assemblyai-sdk-child.ts';

// Runs the vendor's SDK against loopback recognisers.

let folder: string;
/** The authority that the recognisers' certificates come from. */
export const caFile = (): string => join(folder, 'ca.pem');
let sdk: ChildProcess;
const authority = createAuthority();
const tls = authority.issue('localhost', '127.0.0.1');

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'voice-assemblyai-'));
	await writeFile(caFile(), authority.ca);
	sdk = fork(fileURLToPath(new URL('./assemblyai-sdk-child.js', import.meta.url)), {
		env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile() },
		execArgv: [],
		serialization: 'advanced',
	});
	// Each session listens for its end.
	sdk.setMaxListeners(0);
});
after(async () => {
	if (sdk.connected) sdk.disconnect();
	await (sdk.exitCode === null && once(sdk, 'exit'));
	await rm(folder, { recursive: true, force: true });
});

export async function withRecogniser(
	settings: AssemblyAiSettings,
	use: (recogniser: LoopbackAssemblyAi) => Promise<void>,
): Promise<void> {
	const recogniser = await startAssemblyAi({ tls, ...settings });
	try {
		await use(recogniser);
	} finally {
		await recogniser.stop();
	}
}

/** One session of the SDK's. */
export async function run(recogniser: LoopbackAssemblyAi, task: Partial<Task>): Promise<Report['events']> {
	const { version = 3, params = {} } = task;
	const url = version === 3 ? { websocketBaseUrl: recogniser.url } : { realtimeUrl: recogniser.urlV2 };
	const all = { version, apiKey: recogniser.apiKey, pieces: [], ...task, params: { ...url, ...params } };
	const died = once(sdk, 'exit').then(() => {
		throw new Error('the SDK’s process ended');
	});
	const answer = Promise.race([once(sdk, 'message'), died]);
	sdk.send(all);
	const [{ events }] = (await answer) as [Report];
	return events;
}

export const cut = (pcm: Buffer, bytes = 3200) =>
	Array.from({ length: Math.ceil(pcm.length / bytes) }, (_, i) => pcm.subarray(i * bytes, (i + 1) * bytes));
export const named = (events: Report['events'], name: string) =>
	events.filter((event) => event.name === name).map(({ data }) => data);

/** Two utterances: 0 to 3, and 50 to 52. */
export const SPEECH = Buffer.concat([numberedAudio(4), silence(1500), numberedAudio(3, 16_000, 50)]);
