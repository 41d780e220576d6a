import { findCommand } from '../../../../lib/process/guarded.ts';
import { needs } from '../../../lab/needs.ts';
import { PHRASES, speak } from '../../../lab/speech.ts';
import { engines, freeze, localProvider, noChildren } from '../helpers.ts';
import { contract } from './contract.ts';

// Only on a system that has PocketSphinx 5; elsewhere local-live.test.ts tests how its output is read.
const live = findCommand('pocketsphinx') && { pocketsphinx: needs('flite', 'sox') };

const PROGRAMS = {
	python3: needs('python3-pocketsphinx', 'flite', 'sox'),
	pocketsphinx_continuous: needs('pocketsphinx', 'flite', 'sox'),
	...live,
};

for (const [program, skip] of Object.entries(PROGRAMS))
	contract({
		name: `local, PocketSphinx by ${program}`,
		skip,
		provider: () => localProvider({ program }),
		utterances: () =>
			Promise.all(
				[PHRASES[1], PHRASES[3]].map(async (text = '') => ({
					text,
					pcm: await speak(text, { lead: 0, tail: 0 }),
				})),
			),
		maxWordErrorRate: 0.1,
		hopeless: () => localProvider({ program }, { model: '/nowhere' }),
		freeze: async () => freeze(engines()),
		breakOff() {
			for (const { pid } of engines()) process.kill(pid, 'SIGKILL');
		},
		nothingLeft: noChildren,
	});
