import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEditor } from '../lab/editor.ts';
import {
	type Credentials,
	type FlowNode,
	type LabNodeRed,
	type NodeRedOptions,
	startNodeRed,
} from '../lab/node-red.ts';
import { deploy, EXAMPLES, example, get, SETS, transcribe, withoutMicrophone } from './checks.ts';

/** What a Node-RED has written into its user folder. */
interface Stored {
	flow: FlowNode[];
	credentials: Credentials;
}

const KEY = 'not-a-key-of-anybody';
/** With a secret of its own, Node-RED encrypts the credentials; without its user folder, the next must be told it. */
const settings = { credentialSecret: 'known to both' };
const isOurs = ({ type }: FlowNode) => type === 'stt-provider' || SETS.includes(type);

type Installation = Pick<NodeRedOptions, 'packageDir' | 'nodeBin' | 'nodeRedDir'>;

/**
 * All example flows with a key in each provider, deployed in an older Node-RED: a newer one finds the same flows in the
 * files that the older wrote, the editor opens them without a complaint, the keys are kept, and one flow is run. The
 * flows that either stores, serves or exports hold no key.
 */
export async function upgrade(older: Installation, newer: Installation): Promise<void> {
	const stored = await within(older, [], {}, store);
	await within(newer, stored.flow, stored.credentials, async (nodeRed) => {
		assert.deepEqual(await (await get(nodeRed, '/flows')).json(), stored.flow);
		await keysAreKept(nodeRed, stored.flow);
		await editorOpens(nodeRed, stored.flow);
		await transcribe(nodeRed);
	});
}

async function within<T>(
	installation: Installation,
	flow: readonly FlowNode[],
	credentials: Credentials,
	use: (nodeRed: LabNodeRed) => Promise<T>,
): Promise<T> {
	const nodeRed = await startNodeRed({ ...installation, flow, credentials, settings });
	try {
		return await use(nodeRed);
	} finally {
		await nodeRed.stop();
	}
}

async function store(nodeRed: LabNodeRed): Promise<Stored> {
	const examples = await Promise.all(EXAMPLES.map((name) => example(nodeRed, name)));
	const flow = withoutMicrophone(examples.flat()).map((node) =>
		node.type === 'stt-provider' ? { ...node, credentials: { apiKey: KEY } } : node,
	);
	await deploy(nodeRed, flow);
	const read = (name: string) => readFileSync(join(nodeRed.userDir, name), 'utf8');
	const [flows, credentials] = [read('flows.json'), read('flows_cred.json')];
	assert.ok(!flows.includes(KEY), 'the flow file holds the key');
	assert.ok(!credentials.includes(KEY), 'the key is stored as it is');
	assert.ok(!(await (await get(nodeRed, '/flows')).text()).includes(KEY), 'the key is served');
	const result = {
		flow: JSON.parse(flows) as FlowNode[],
		credentials: JSON.parse(credentials) as Credentials,
	};
	assert.equal(result.flow.length, flow.length);
	return result;
}

async function keysAreKept(nodeRed: LabNodeRed, flow: readonly FlowNode[]): Promise<void> {
	const providers = flow.filter(({ type }) => type === 'stt-provider');
	assert.ok(providers.length > 0);
	for (const { id } of providers) {
		const shown = await (await get(nodeRed, `/credentials/stt-provider/${id}`)).text();
		assert.equal((JSON.parse(shown) as { has_apiKey?: boolean }).has_apiKey, true, id);
		assert.ok(!shown.includes(KEY), 'the key is served');
	}
}

async function editorOpens(nodeRed: LabNodeRed, flow: readonly FlowNode[]): Promise<void> {
	const editor = await openEditor(nodeRed);
	try {
		for (const node of flow.filter(isOurs))
			assert.deepEqual(await editor.complaints(node.id), [], `${node.type} ${node.id}`);
		assert.ok(await editor.isDeployed(), 'opening the flows has changed them');
		const exported = await editor.exported();
		assert.ok(!JSON.stringify(exported).includes(KEY), 'the key is exported');
		const byId = new Map(exported.map((node) => [node.id, node]));
		for (const node of flow.filter(isOurs)) assert.deepEqual(byId.get(node.id), node);
	} finally {
		await editor.close();
	}
}
