import type { Migrations } from '../../lib/node/migrate.ts';

/** Version 1 is what was stored all along: no setting was added, renamed or given another meaning. */
export const MIGRATIONS: Migrations = { version: 1, steps: {} };
