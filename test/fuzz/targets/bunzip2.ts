import { DamagedArchiveError } from '../../../nodes/stt-stream/providers/local/models/archive-errors.ts';
import { bunzip2 } from '../../../nodes/stt-stream/providers/local/models/bunzip2.ts';
import { byteMutator } from '../mutate.ts';
import { permit, rule, sameBytes, type Target } from '../target.ts';

/** No piece is larger. */
const PIECE_MAX = 1 << 18;
/** What 4 kilobytes may become is much more; so much is looked at. */
const LOOKED_AT = 4 << 20;

/** bzip2, whole and in pieces. The seeds are bzip2's own files in the corpus. */
export const target: Target = {
	covers: ['bunzip2', 'bit-reader', 'prefix-codes'].map(
		(name) => `nodes/stt-stream/providers/local/models/${name}.js`,
	),
	seeds: [],
	mutate: byteMutator(['BZh1', 'BZh9', '1AY&SY', '\x17rE8P\x90', '\0\0\0\0']),
	maxBytes: 3000,
	tries: 600,
	async run(input, random) {
		const [whole, cut] = [await unpack([input]), await unpack(random.cut(input))];
		sameBytes(cut.bytes, whole.bytes, 'cut and whole');
		rule(cut.failure === whole.failure, `${cut.failure}, not ${whole.failure}`);
	},
};

async function unpack(pieces: readonly Buffer[]): Promise<{ bytes: Buffer; failure: string }> {
	const parts: Buffer[] = [];
	let [length, returned] = [0, 0];
	async function* source() {
		try {
			yield* pieces;
		} finally {
			returned++;
		}
	}
	let failure = '';
	try {
		for await (const part of bunzip2(source())) {
			rule(part.length > 0 && part.length <= PIECE_MAX, `a piece of ${part.length} bytes`);
			parts.push(part);
			length += part.length;
			if (length > LOOKED_AT) break;
		}
	} catch (thrown) {
		permit(thrown, [DamagedArchiveError]);
		failure = (thrown as Error).message;
	}
	rule(returned === 1, 'the source was not closed');
	return { bytes: Buffer.concat(parts), failure };
}
