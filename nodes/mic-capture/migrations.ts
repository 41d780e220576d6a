import { type Migrations, missing } from '../../lib/node/migrate.ts';

export const MIGRATIONS: Migrations = {
	version: 1,
	steps: {
		/** There was no such setting: the microphone heard what was played. */
		0: (stored) => missing(stored, { muteWhilePlaying: false }),
	},
};
