import { after, before } from 'node:test';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import { providerAt } from './assemblyai-helpers.ts';
import { contract } from './contract.ts';

let recogniser: LoopbackAssemblyAi;
before(async () => {
	recogniser = await startAssemblyAi({ limits: { paceSlackMs: 3_600_000 } });
});
after(() => recogniser.stop());

for (const version of ['assemblyai', 'assemblyai-v2'] as const)
	contract({
		name: version,
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
		async freeze() {
			const open = recogniser.records.filter(({ closed }) => !closed);
			const all = open.map((record) => recogniser.connection(record));
			for (const connection of all) connection.act({ do: 'stall' });
			return () => {
				for (const connection of all) connection.resume();
			};
		},
		nothingLeft: () =>
			recogniser.until('the end of every connection', () => recogniser.open === 0).then(() => {}),
	});
