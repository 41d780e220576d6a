import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode, LabNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { wordErrorRate } from '../lab/speech.ts';

/** What must hold in any Node-RED in which the package was installed. */

export const PACKAGE = '@voxwire/node-red-voice';
export const SETS = ['button-trigger', 'mic-capture', 'audio-play', 'stt-stream'];
const TYPES = [...SETS, 'stt-provider'];

const LIBRARY = `/library/examples/flows/${PACKAGE}/flows`;
/** What the recording of the examples says. */
export const SPOKEN = 'turn on the kitchen light open the garage door play some music';

/** The example flows of core nodes and ours. */
export const EXAMPLES = readdirSync(join(packageRoot, 'examples/flows'))
	.filter((file) => file.endsWith('.json'))
	.map((file) => file.replace(/\.json$/, ''))
	.sort();

/** Where a Node-RED is, as LabNodeRed tells it. */
export type Address = Pick<LabNodeRed, 'url'>;

/** Fetches from Node-RED's admin API what the editor fetches. */
export async function get(nodeRed: Address, path: string, accept = 'application/json'): Promise<Response> {
	const response = await fetch(new URL(path, nodeRed.url), {
		headers: { Accept: accept, 'Accept-Language': 'en-US' },
	});
	assert.equal(response.status, 200, path);
	return response;
}

/** An example as Import > Examples gets it. */
export async function example(nodeRed: Address, name: string): Promise<FlowNode[]> {
	return (await (await get(nodeRed, `${LIBRARY}/${name}`)).json()) as FlowNode[];
}

/** The flow as its Comment node tells somebody without a microphone to change it. */
export function withoutMicrophone(flow: readonly FlowNode[]): FlowNode[] {
	return flow.map((node) => (node.type === 'mic-capture' ? { ...node, source: 'file' } : node));
}

/** Deploys a flow as the editor does; resolves when it has started. */
export async function deploy(nodeRed: LabNodeRed, flows: readonly FlowNode[]): Promise<void> {
	const starts = () => nodeRed.log.filter((line) => line.endsWith('Started flows')).length;
	const before = starts();
	const response = await fetch(new URL('/flows', nodeRed.url), {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', 'Node-RED-API-Version': 'v2' },
		body: JSON.stringify({ flows }),
	});
	assert.equal(response.status, 200, await response.text());
	await nodeRed.until('the flows to start', () => (starts() > before ? true : undefined));
}

/** Clicks the button of the deployed flow live-transcription. */
export async function click(nodeRed: Address): Promise<void> {
	const button = idOf(await example(nodeRed, 'live-transcription'), 'button-trigger');
	const url = new URL(`/voice/button-trigger/${button}`, nodeRed.url);
	assert.equal((await fetch(url, { method: 'POST' })).status, 200);
}

const idOf = (flow: readonly FlowNode[], type: string) => flow.find((node) => node.type === type)?.id ?? type;

/** Clicks that button, and reads what was recognised. */
export async function transcribe(nodeRed: LabNodeRed): Promise<void> {
	const flow = await example(nodeRed, 'live-transcription');
	const stt = idOf(flow, 'stt-stream');
	await click(nodeRed);
	const closed = await nodeRed.waitFor(stt, ({ payload }) => payload === 'closed', {
		port: 2,
	});
	const { text } = closed['session'] as { text: string };
	assert.ok(wordErrorRate(SPOKEN, text) <= 0.1, text || nodeRed.log.slice(-20).join('\n'));
	const heard = nodeRed.messages(stt, 0).map(({ payload }) => payload);
	assert.equal(heard.join(' '), text);
	const failed = nodeRed.errors().filter(({ node }) => flow.some(({ id }) => id === node));
	assert.deepEqual(failed, []);
}

async function loads(nodeRed: LabNodeRed): Promise<void> {
	const sets = (await nodeRed.installed()).filter(({ module }) => module === PACKAGE);
	assert.deepEqual(
		sets.map(({ id, err }) => ({ id, err })),
		SETS.map((set) => ({ id: `${PACKAGE}/${set}`, err: undefined })),
		nodeRed.log.join('\n'),
	);
	assert.deepEqual(sets.flatMap(({ types }) => types).sort(), [...TYPES].sort());
}

async function servesTheEditor(nodeRed: LabNodeRed): Promise<void> {
	const html = await (await get(nodeRed, '/nodes', 'text/html')).text();
	for (const type of TYPES) {
		assert.match(html, new RegExp(`data-template-name="${type}"`));
		assert.match(html, new RegExp(`data-help-name="${type}"`));
		assert.match(html, new RegExp(`registerType\\("${type}"`));
	}
	const icons = (await (await get(nodeRed, '/icons')).json()) as Record<string, string[]>;
	for (const icon of icons[PACKAGE] ?? []) await get(nodeRed, `/icons/${PACKAGE}/${icon}`, 'image/svg+xml');
	assert.ok((icons[PACKAGE]?.length ?? 0) >= SETS.length, JSON.stringify(icons[PACKAGE]));
	for (const set of SETS) {
		const catalogue = (await (await get(nodeRed, `/locales/${PACKAGE}/${set}?lng=en-US`)).json()) as object;
		assert.ok(Object.keys(catalogue).length > 0, set);
	}
}

async function runsAnExample(nodeRed: LabNodeRed): Promise<void> {
	const listed = (await (await get(nodeRed, LIBRARY)).json()) as { fn: string }[];
	assert.deepEqual(
		listed.map(({ fn }) => fn),
		EXAMPLES,
	);
	await deploy(nodeRed, withoutMicrophone(await example(nodeRed, 'live-transcription')));
	await transcribe(nodeRed);
}

/** In this order, of a Node-RED without flows. `short` heads a column of the matrix. */
export const CHECKS: readonly { title: string; short: string; run(nodeRed: LabNodeRed): Promise<void> }[] = [
	{ title: 'loads the four node sets without an error', short: 'loads', run: loads },
	{ title: 'serves template, help, catalogue and icon of each', short: 'editor', run: servesTheEditor },
	{ title: 'offers the example flows, and one of them works', short: 'example', run: runsAnExample },
];
