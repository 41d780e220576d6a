import { after, before } from 'node:test';
import { type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { contract } from './contract.ts';
import { freeze, providerAt, VERSIONS } from './google-helpers.ts';

let recogniser: LoopbackGoogle;
before(async () => {
	recogniser = await startGoogle();
});
after(() => recogniser.stop());

for (const version of VERSIONS)
	contract({
		name: `google ${version}`,
		skip: false,
		provider: () => providerAt(recogniser, version),
		utterances: async () =>
			[7, 20].map((from) => ({ pcm: numberedAudio(10, 16_000, from), text: numberedText(10, from) })),
		maxWordErrorRate: 0,
		hopeless: () =>
			providerAt(recogniser, version, {
				credentials: { apiKey: 'wrong', token: '', serviceAccount: '' },
			}),
		breakOff: () => recogniser.dropAll(),
		freeze: () => freeze(recogniser),
		nothingLeft: () =>
			recogniser.until('the end of every connection', () => recogniser.open === 0).then(() => {}),
	});
