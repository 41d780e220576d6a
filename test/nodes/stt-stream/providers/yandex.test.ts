import { after, before } from 'node:test';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { contract } from './contract.ts';
import { freeze, providerAt } from './yandex-helpers.ts';

let recogniser: LoopbackYandex;
before(async () => {
	recogniser = await startYandex();
});
after(() => recogniser.stop());

contract({
	name: 'yandex',
	skip: false,
	provider: () => providerAt(recogniser),
	utterances: async () =>
		[7, 20].map((from) => ({ pcm: numberedAudio(10, 16_000, from), text: numberedText(10, from) })),
	maxWordErrorRate: 0,
	hopeless: () => providerAt(recogniser, { credentials: { apiKey: 'wrong', token: '', serviceAccount: '' } }),
	breakOff: () => recogniser.dropAll(),
	freeze: () => freeze(recogniser),
	nothingLeft: () =>
		recogniser.until('the end of every connection', () => recogniser.open === 0).then(() => {}),
});
