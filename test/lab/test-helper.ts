import { createRequire } from 'node:module';
import type { Node, NodeAPI } from 'node-red';

/** The part of node-red-node-test-helper that tests use; the package ships no types. */
export interface TestHelper {
	load(register: (red: NodeAPI) => void, flow: object[]): Promise<void>;
	unload(): Promise<void>;
	startServer(): Promise<void>;
	stopServer(): Promise<void>;
	getNode(id: string): Node;
	log(): { args: [{ level: number; id?: string; msg: unknown }][] };
	request(): { post(path: string): Promise<{ status: number }> };
}

/** Node-RED's own runtime in this process, for what a node does with its messages. */
export const helper = createRequire(import.meta.url)('node-red-node-test-helper') as TestHelper;

/** A node of the flow "tab". Without a place in its view it would be taken for a configuration node. */
export const placed = (id: string, type: string, more: object = {}) => ({
	id,
	type,
	z: 'tab',
	x: 0,
	y: 0,
	wires: [],
	...more,
});
