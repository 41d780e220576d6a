import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
	DamagedArchiveError,
	UnsafeArchiveError,
} from '../../../nodes/stt-stream/providers/local/models/archive-errors.ts';
import { untar } from '../../../nodes/stt-stream/providers/local/models/untar.ts';
import { byteMutator } from '../mutate.ts';
import { scratch } from '../scratch.ts';
import { permit, rule, type Target } from '../target.ts';

const BLOCK = 512;
const LIMITS = { maxBytes: 20_000, maxEntries: 12 };

interface Entry {
	name: string;
	type?: string;
	data?: string;
	prefix?: string;
}

function header({ name, type = '0', data = '', prefix = '' }: Entry): Buffer {
	const block = Buffer.alloc(BLOCK);
	block.write(name, 0, 100, 'utf8');
	block.write('0000644\x000001750\x000001750\0', 100, 'latin1');
	block.write(`${Buffer.byteLength(data).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
	block.write('14000000000\0', 136, 'latin1');
	block.write(type, 156, 'latin1');
	block.write('ustar\x0000', 257, 'latin1');
	block.write(prefix, 345, 'utf8');
	return block;
}

const padded = (data: string) =>
	Buffer.concat([Buffer.from(data), Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);

const tar = (entries: readonly Entry[]): Buffer =>
	mend(
		Buffer.concat([
			...entries.flatMap((entry) => [header(entry), padded(entry.data ?? '')]),
			Buffer.alloc(2 * BLOCK),
		]),
	);

/** Makes every header's checksum right, from one to the next as their sizes say. */
function mend(archive: Buffer): Buffer {
	for (let at = 0; at + BLOCK <= archive.length; ) {
		const block = archive.subarray(at, at + BLOCK);
		if (block.every((byte) => byte === 0)) break;
		block.fill(32, 148, 156);
		const sum = block.reduce((total, byte) => total + byte, 0);
		block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
		const size = Number.parseInt(block.toString('latin1', 124, 135), 8);
		at += BLOCK + (size > 0 && block[156] !== 53 ? Math.ceil(size / BLOCK) * BLOCK : 0);
	}
	return archive;
}

const pax = (key: string, value: string) => {
	const rest = ` ${key}=${value}\n`;
	const length = rest.length + 2;
	return `${length > 99 ? length + 1 : length}${rest}`;
};

const SEEDS: readonly Entry[][] = [
	[
		{ name: 'model/', type: '5' },
		{ name: 'model/tokens.txt', data: 'a 0\n' },
		{ name: 'model/._x', data: 'x' },
	],
	[
		{ name: '././@LongLink', type: 'L', data: `${'n'.repeat(120)}\0` },
		{ name: 'short', data: 'x'.repeat(700) },
	],
	[
		{ name: 'PaxHeaders/x', type: 'x', data: pax('path', 'model/ä') + pax('size', '3') },
		{ name: 'y', data: 'abc' },
	],
	[
		{ name: 'g', type: 'g', data: pax('comment', 'x') },
		{ name: 'a', prefix: 'deep/er', data: 'x' },
	],
	[{ name: 'link', type: '2' }],
	[{ name: '../out', data: 'x' }],
	[
		{ name: 'a', data: 'x' },
		{ name: 'a', data: 'y' },
	],
	[
		{ name: 'a', data: 'x' },
		{ name: 'a/b', data: 'y' },
	],
	[
		{ name: 'a/b', data: 'x' },
		{ name: 'a', data: 'y' },
	],
	[
		{ name: `${'ü'.repeat(49)}`, data: 'x' },
		{ name: '.', data: 'x' },
	],
];

/** A tar archive into a folder: nothing gets out, and what is in it does not depend on how the archive came. */
export const target: Target = {
	covers: ['nodes/stt-stream/providers/local/models/untar.js'],
	seeds: SEEDS.map(tar),
	mutate: byteMutator(
		[
			'../',
			'/',
			'./',
			'._',
			'\0',
			'ustar\x0000',
			'00000000017\0',
			'\x80',
			'5',
			'x',
			'L',
			'path=',
			'size=',
			' ',
			'\n',
			'9 ',
			'ü',
			'..',
		],
		mend,
	),
	maxBytes: 6000,
	tries: 600,
	async run(input, random) {
		const whole = await unpack([input]);
		const cut = await unpack(random.cut(input));
		rule(JSON.stringify(cut) === JSON.stringify(whole), 'cut and whole');
	},
};

async function unpack(pieces: readonly Buffer[]): Promise<unknown> {
	const folder = join(scratch, 'in', 'place');
	mkdirSync(folder, { recursive: true });
	async function* source() {
		yield* pieces;
	}
	try {
		let failure = '';
		try {
			await untar(source(), folder, LIMITS);
		} catch (thrown) {
			permit(thrown, [DamagedArchiveError, UnsafeArchiveError]);
			failure = (thrown as Error).message;
		}
		rule(
			readdirSync(scratch).join() === 'in' && readdirSync(join(scratch, 'in')).join() === 'place',
			'got out',
		);
		const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
			.sort()
			.map((name) => {
				const state = lstatSync(join(folder, name));
				rule(state.isFile() || state.isDirectory(), `${name} is neither file nor folder`);
				return [name, state.isFile() ? readFileSync(join(folder, name), 'latin1') : null] as const;
			});
		const bytes = found.reduce((sum, [, data]) => sum + (data?.length ?? 0), 0);
		rule(bytes <= LIMITS.maxBytes, `${bytes} bytes`);
		// What was written of a file that is cut depends on the pieces.
		return [failure, failure ? found.map(([name]) => name) : found];
	} finally {
		rmSync(join(scratch, 'in'), { recursive: true, force: true });
	}
}
