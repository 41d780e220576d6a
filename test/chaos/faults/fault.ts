import type { Dice } from '../dice.ts';
import type { House } from '../house.ts';
import type { CardTalker, FileTalker, PageTalker } from '../talkers.ts';

/** All that a fault may touch. */
export interface Scene {
	readonly house: House;
	readonly card: CardTalker;
	readonly file: FileTalker;
	readonly pages: PageTalker;
	/** How often each node was renamed by deployments. */
	readonly names: Record<string, string>;
	/** To be done at the round's end, so that the next one begins well. */
	readonly heal: (() => Promise<void> | void)[];
	/** A deployment begins: streams that run now have less to prove. */
	deploying(): void;
}

/** Something that goes wrong. */
export interface Fault {
	readonly name: string;
	/** How often, compared with the others. */
	readonly weight: number;
	/** Whether there is anything to go wrong just now. */
	ready(scene: Scene): boolean;
	/** Resolves when it has happened; says what exactly did. */
	strike(scene: Scene, dice: Dice): Promise<string> | string;
}
