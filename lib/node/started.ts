import type { NodeAPI } from 'node-red';

/** Calls `run` once all flows run; the result cancels that. */
export type WhenStarted = (run: () => void) => () => void;

/**
 * For one node set. A node is created before its flow runs: messages that it sends and errors that it reports until
 * then are lost, because the nodes behind it and the Catch nodes do not exist yet.
 */
export function flowsStarted(RED: NodeAPI): WhenStarted {
	// One listener for all nodes of the set: Node.js warns of a leak from the eleventh on.
	const waiting = new Set<() => void>();
	let listening = false;
	const started = () => {
		listening = false;
		const all = [...waiting];
		waiting.clear();
		for (const run of all) run();
	};
	return (run) => {
		if (!listening) RED.events.once('flows:started', started);
		listening = true;
		waiting.add(run);
		return () => waiting.delete(run);
	};
}
