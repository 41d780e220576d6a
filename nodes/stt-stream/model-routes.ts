import { homedir } from 'node:os';
import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { VoiceError } from '../../lib/node/errors.ts';
import { RateLimit } from '../../lib/node/rate-limit.ts';
import { guarded } from './guarded-route.ts';
import { ModelJobs } from './model-jobs.ts';
import { recommended } from './providers/local/models/catalogue.ts';
import { removeModel } from './providers/local/models/install.ts';
import { listModels } from './providers/local/models/listing.ts';
import { modelsFolder } from './providers/local/models/store.ts';

const PATH = '/voice/stt-stream/models';
/** The dialog asks once a second while a download runs. */
const READS = { count: 120, perMs: 60_000 };
const WRITES = { count: 40, perMs: 60_000 };
const DOING = 'Managing the speech models';

/**
 * What the stt-provider dialog needs of the model manager; see docs/models.md. Call once per node set.
 * - `GET …/models?language=` → `{ folder, models: ListedModel[], recommended? }`
 * - `GET …/models/downloads` → `ModelJob[]`
 * - `POST …/models/downloads` with JSON `{ name, mirror? }` → 202 `ModelJob`
 * - `DELETE …/models/downloads/:name` → 204; 404 if none runs
 * - `DELETE …/models/:name` → 204; 404; 409 while it is being downloaded
 * Every failure is `{ code, message }`.
 */
export function serveModels(RED: NodeAPI): void {
	const userDir = RED.settings.userDir || join(homedir(), '.node-red');
	const folder = modelsFolder(userDir);
	const jobs = new ModelJobs(userDir);
	const reads = new RateLimit(READS);
	const writes = new RateLimit(WRITES);
	const [mayRead, mayWrite] = ['read', 'write'].map((what) =>
		RED.auth.needsPermission(`stt-provider.${what}`),
	);
	if (!mayRead || !mayWrite) return;
	const { httpAdmin } = RED;

	httpAdmin.get(
		PATH,
		mayRead,
		guarded(reads, DOING, async (request, response) => {
			const language = String(request.query['language'] ?? '').slice(0, 20);
			const name = language && recommended(language)?.name;
			response.json({ folder, models: await listModels(folder), ...(name && { recommended: name }) });
		}),
	);

	httpAdmin.get(
		`${PATH}/downloads`,
		mayRead,
		guarded(reads, DOING, (_request, response) => {
			response.json(jobs.all);
		}),
	);

	httpAdmin.post(
		`${PATH}/downloads`,
		mayWrite,
		guarded(writes, DOING, (request, response) => {
			// Another web site's form cannot send that.
			if (!request.is('application/json')) throw wrongBody();
			const { name, mirror = '' } = (request.body ?? {}) as { name?: unknown; mirror?: unknown };
			if (typeof name !== 'string' || typeof mirror !== 'string') throw wrongBody();
			response.status(202).json(jobs.start(name, mirror));
		}),
	);

	httpAdmin.delete(
		`${PATH}/downloads/:name`,
		mayWrite,
		guarded(writes, DOING, async (request, response) => {
			if (!(await jobs.cancel(String(request.params['name'])))) throw notThere('No such download runs');
			response.status(204).end();
		}),
	);

	httpAdmin.delete(
		`${PATH}/:name`,
		mayWrite,
		guarded(writes, DOING, async (request, response) => {
			const name = String(request.params['name']);
			if (!(await removeModel(name, folder))) throw notThere(`There is no model "${name}"`);
			response.status(204).end();
		}),
	);
}

const wrongBody = () =>
	new VoiceError('STT_CONFIG', 'The request is not understood', 'send JSON: {"name": "…", "mirror": "…"}');

const notThere = (what: string) => new VoiceError('STT_MODEL_MISSING', what, 'see the list of models');
