import { type Migrations, missing } from '../../lib/node/migrate.ts';
import { isObject, parseJson } from './providers/option-rules.ts';

export const STREAM_MIGRATIONS: Migrations = {
	version: 1,
	steps: {
		/** There were no such settings: no session was open before there was audio, and this is how long one was awaited. */
		0: (stored) => missing(stored, { warm: false, reconnectMs: 60_000 }),
	},
};

export const PROVIDER_MIGRATIONS: Migrations = {
	version: 1,
	steps: {
		/** The options were the text of a field. What is no JSON object stays, for the user to mend. */
		0: ({ options }) => {
			const read = typeof options === 'string' ? parseJson(options) : undefined;
			return isObject(read) ? { options: Object.keys(read).length ? read : '' } : {};
		},
	},
};
