import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/node/clock.ts';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import { RateLimit } from '../../lib/node/rate-limit.ts';
import { checkConnection, placeOf } from './connection.ts';
import type { ConnectionAnswer } from './connection-answer.ts';
import { type Deployed, settingsToTry } from './connection-settings.ts';
import { guarded, type Request } from './guarded-route.ts';
import { createProvider } from './providers/index.ts';
import { isObject } from './providers/option-rules.ts';

const PATH = '/voice/stt-stream/connection';
/** Who clicks in a dialog needs no more. */
const LIMIT = { count: 30, perMs: 60_000 };
const AT_ONCE_MAX = 3;
/** Key files of service accounts and lists of words are long, but not as long as what Node-RED lets through. */
const BODY_MAX = 256 * 1024;
const VENDOR = { openMs: 10_000, endMs: 5000 };
/** Loads a model first, maybe from a slow card. */
const LOCAL = { openMs: 60_000, endMs: 10_000 };

/**
 * `POST /voice/stt-stream/connection` with JSON `{ id, provider, endpoint, caFile, model, options, credentials }`: what
 * a dialog has, before it is deployed. Opens a session as an stt-stream would, sends it a little silence, and ends it.
 * Answers a `ConnectionAnswer`; what is no such request with status 400 or 429 and `{ code, message }`. Ends when who
 * asked goes away. Call once per node set.
 */
export function serveConnection(RED: NodeAPI): void {
	const limit = new RateLimit(LIMIT);
	let running = 0;
	RED.httpAdmin.post(
		PATH,
		RED.auth.needsPermission('stt-provider.write'),
		guarded(limit, 'Testing the connection', async (request, response) => {
			const body = readBody(request);
			if (running >= AT_ONCE_MAX)
				throw new VoiceError(
					'STT_QUOTA',
					`${AT_ONCE_MAX} connections are being tested already`,
					'wait until one of them is over',
					{ retryable: true },
				);
			const gone = new AbortController();
			response.on('close', () => gone.abort());
			response.on('error', () => gone.abort());
			running++;
			try {
				const answer = await tryConnection(RED, body, gone.signal);
				if (!gone.signal.aborted) response.set('Cache-Control', 'no-store').json(answer);
			} finally {
				running--;
			}
		}),
	);
}

async function tryConnection(
	RED: NodeAPI,
	{ id, credentials, ...shown }: Record<string, unknown>,
	signal: AbortSignal,
): Promise<ConnectionAnswer> {
	try {
		const secrets = isObject(credentials) ? credentials : {};
		const { id: kind, ...config } = settingsToTry(shown, secrets, deployedAs(RED, id));
		const { userDir } = RED.settings;
		const provider = createProvider(kind, { ...config, ...(userDir && { userDir }) });
		const limits = provider.peer === undefined ? LOCAL : VENDOR;
		const ms = await checkConnection(provider, { ...limits, clock: systemClock, signal });
		const { engine, peer = '' } = provider;
		return { ok: true, ms, ...placeOf(peer, config.endpoint), ...(engine && { engine }) };
	} catch (thrown) {
		const { code, message, remedy } = toVoiceError(thrown, 'STT_ENGINE', 'Testing the connection');
		return { ok: false, code, message, remedy };
	}
}

/** The stt-provider of that id; undefined if there is none, or if it is another kind of node. */
function deployedAs(RED: NodeAPI, id: unknown): Deployed | undefined {
	let settings: object | undefined;
	RED.nodes.eachNode((node) => {
		if (node.id === id && node.type === 'stt-provider') settings = node;
	});
	if (!settings || typeof id !== 'string') return undefined;
	const secrets = (RED.nodes.getCredentials(id) ?? {}) as Deployed['secrets'];
	const node = RED.nodes.getNode(id);
	// One that is disabled, or part of a subflow, knows the environment of the process.
	const environment = (name: string) => RED.util.getSetting(node ?? ({} as never), name);
	return { settings: settings as Deployed['settings'], secrets, environment };
}

function readBody(request: Request): Record<string, unknown> {
	// Another web site's form cannot send that.
	const body: unknown = request.is('application/json') ? request.body : undefined;
	if (isObject(body) && JSON.stringify(body).length <= BODY_MAX) return body;
	throw new VoiceError(
		'STT_CONFIG',
		'The request is not understood, or too long',
		'send JSON with the settings of an stt-provider',
	);
}
