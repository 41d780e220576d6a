import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { align, owner } from './align.ts';
import type { House } from './house.ts';
import type { Stream } from './ledger.ts';
import type { Utterance } from './talkers.ts';

const CLEAR_MS = 5000;

/**
 * Whether microphones send what was said, from its beginning on and without a gap. Of a sound card nobody can tell: it
 * begins somewhere.
 * @param said what the file held, one after another
 * @returns what is wrong, in words
 */
export function wrongCaptures(
	streams: readonly Stream[],
	said: readonly Buffer[],
	utterances: readonly Utterance[],
): string[] {
	const isStart = (pcm: Buffer, of: Buffer) => of.subarray(0, pcm.length).equals(pcm);
	return streams.flatMap(({ mic, id, pcm, ends }) => {
		const what = `${mic} ${id} (${ends.join(', ')})`;
		if (mic === 'mic-file') {
			const source = said.find((one) => isStart(pcm, one));
			if (!source) return [`${what}: it does not begin as the file, but is ${describe(pcm, said)}`];
			const isWhole = ends[0] !== 'end-of-file' || said.some((one) => one.equals(pcm));
			return isWhole ? [] : [`${what}: the end of the file is missing`];
		}
		const utterance = mic === 'mic-page' && utterances.find(({ stream }) => stream === id);
		if (!utterance) return [];
		return isStart(pcm, Buffer.concat(utterance.sent)) ? [] : [`${what}: it is not what the page sent`];
	});
}

function describe(pcm: Buffer, said: readonly Buffer[]): string {
	const parts = said.flatMap((one, index) =>
		owner(pcm, [{ pcm: one }])
			? align(pcm, one).parts.map(({ from, to }) => `${from} to ${to} of ${one.length} (file ${index})`)
			: [],
	);
	return `${pcm.length} bytes with ${parts.join(', ')}`;
}

/** What a player leaves on the disk beside the one file that it is to write, once it has had time to clear up. */
export async function wrongFiles({ disk, parts }: House): Promise<string[]> {
	for (const deadline = Date.now() + CLEAR_MS; ; await sleep(20)) {
		const left = readdirSync(disk).filter((name) => name !== basename(parts.played));
		if (!left.length) return [];
		if (Date.now() > deadline) return [`left on the disk: ${left.join(', ')}`];
	}
}
