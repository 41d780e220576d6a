import { after, before } from 'node:test';
import { type SoundCard, type SoundCardOptions, startSoundCard } from '../../../lab/sound-card.ts';

/** A virtual card for all tests of the suite at hand; while it is there, this process's children see no other. */
export function useSoundCard(options: SoundCardOptions): () => SoundCard {
	let card: SoundCard | undefined;
	let saved: NodeJS.ProcessEnv;
	before(async () => {
		saved = { ...process.env };
		card = await startSoundCard(options);
		Object.assign(process.env, card.env);
	});
	after(async () => {
		for (const name of Object.keys(card?.env ?? {})) delete process.env[name];
		Object.assign(process.env, saved);
		await card?.stop();
	});
	return () => card as SoundCard;
}
