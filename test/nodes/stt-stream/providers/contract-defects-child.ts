/**
 * The contract over a good adapter on which a defect was put; the last argument names it. Run by
 * contract-defects.test.ts.
 */
import process from 'node:process';
import { after, before } from 'node:test';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { contract } from './contract.ts';
import { DEFECTS, withDefect } from './contract-defects.ts';
import { freeze, providerAt } from './yandex-helpers.ts';

const name = process.argv.at(-1) ?? '';
/** Defects that hang shall not hang for long. */
const PATIENCE_MS = name === 'none' ? 60_000 : 3000;

const defect = name === 'none' ? {} : DEFECTS[name];
if (!defect) throw new Error('there is no such defect');

let recogniser: LoopbackYandex;
before(async () => {
	recogniser = await startYandex();
});
after(() => recogniser.stop());

contract({
	name: 'an adapter with a defect',
	skip: false,
	provider: () => withDefect(providerAt(recogniser), defect),
	hopeless: () => withDefect(providerAt(recogniser, { options: { folderId: 'elsewhere' } }), defect),
	utterances: async () =>
		[7, 20].map((from) => ({ pcm: numberedAudio(10, 16_000, from), text: numberedText(10, from) })),
	maxWordErrorRate: 0,
	breakOff: () => recogniser.dropAll(),
	freeze: () => freeze(recogniser),
	async nothingLeft() {
		const left = new Promise((_, reject) =>
			setTimeout(reject, PATIENCE_MS, new Error('something is left')).unref(),
		);
		await Promise.race([recogniser.until('the end of every connection', () => recogniser.open === 0), left]);
	},
	patienceMs: PATIENCE_MS,
});
