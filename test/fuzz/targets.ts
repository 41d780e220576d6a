import type { Target } from './target.ts';

const from = (load: () => Promise<{ target: Target }>) => async () => (await load()).target;

/** The parsers of foreign bytes. Imported only when they are fuzzed: coverage counts what is imported after it began. */
export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
	wav: from(() => import('./targets/wav.ts')),
	'wav-file': from(() => import('./targets/wav-file.ts')),
	pcm: from(() => import('./targets/pcm.ts')),
	'audio-message': from(() => import('./targets/audio-message.ts')),
	'flow-message': from(() => import('./targets/flow-message.ts')),
	settings: from(() => import('./targets/settings.ts')),
	assemblyai: from(() => import('./targets/assemblyai.ts')),
	yandex: from(() => import('./targets/yandex.ts')),
	google: from(() => import('./targets/google.ts')),
	pocketsphinx: from(() => import('./targets/pocketsphinx.ts')),
	'sherpa-result': from(() => import('./targets/sherpa-result.ts')),
	child: from(() => import('./targets/child.ts')),
	page: from(() => import('./targets/page.ts')),
	gpio: from(() => import('./targets/gpio.ts')),
	alsa: from(() => import('./targets/alsa.ts')),
	bunzip2: from(() => import('./targets/bunzip2.ts')),
	untar: from(() => import('./targets/untar.ts')),
	model: from(() => import('./targets/model.ts')),
};

/** What the fuzzer itself is tested with. */
export const NO_PARSERS: typeof TARGETS = {
	locked: from(() => import('./targets/locked.ts')),
	hanging: from(() => import('./targets/hanging.ts')),
};
