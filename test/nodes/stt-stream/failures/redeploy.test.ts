import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Credentials, FlowNode } from '../../../lab/node-red.ts';
import { startAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { numberedAudio } from '../../../lab/recognisers/numbered-audio.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { startYandex } from '../../../lab/recognisers/yandex.ts';
import { SAFETY_MS } from '../helpers.ts';
import { chunks } from '../speech-flow.ts';
import { FailingFlow, providerNode, type Recogniser, streamNode } from './failing-flow.ts';

// Deployments while streams are in all the states that a stream can be in: each gets its end, and no socket stays.

const options = { timeout: 2 * SAFETY_MS };

/** What becomes of a stream's connections, and what tells that it is there. */
const STATES: Readonly<
	Record<string, { behaviour: Behaviour; reached: string | undefined; whole?: true; once?: true }>
> = {
	listening: { behaviour: {}, reached: 'open' },
	connecting: { behaviour: { acceptDelayMs: SAFETY_MS }, reached: undefined },
	beginning: { behaviour: { beginDelayMs: SAFETY_MS }, reached: undefined },
	waiting: { behaviour: { refuse: { status: 503 } }, reached: 'reconnecting' },
	draining: { behaviour: { cues: [{ at: 'finish', do: 'mute' }] }, reached: 'open', whole: true },
	// The end of the connection is awaited in vain, which takes its time.
	stalled: { behaviour: { cues: [{ at: { audioMs: 100 }, do: 'stall' }] }, reached: 'open', once: true },
};
const UNAVAILABLE = 14;

interface Lab extends Recogniser {
	readonly endpoint: string;
	stop(): Promise<void>;
	/** After 'stall': notices what has become of the connections. */
	resumeAll(): void;
}

async function assemblyAi(): Promise<Lab> {
	const lab = await startAssemblyAi();
	const resumeAll = () => {
		for (const record of lab.records) if (record.begunAt !== undefined) lab.connection(record).resume();
	};
	return Object.assign(lab, { endpoint: lab.url, resumeAll });
}

async function yandex(): Promise<Lab> {
	const lab = await startYandex({ limits: { idleMs: SAFETY_MS } });
	const resumeAll = () => {
		for (const record of lab.records) lab.call(record).resume();
	};
	return Object.assign(lab, { resumeAll });
}

for (const [vendor, start] of [
	['assemblyai', assemblyAi],
	['yandex', yandex],
] as const)
	describe(`a deployment while streams run: ${vendor}`, () => {
		const labs = new Map<string, Lab>();
		const credentials: Credentials = {};
		let flow: FailingFlow;
		let deployments = 0;

		/** Every state with a recogniser, a provider and a node of its own. */
		function nodes(changed: { provider?: object; stream?: object } = {}): FlowNode[] {
			// Nothing but the deployment ends these streams.
			const settings = { streamIdleMs: 0, ...changed.stream };
			return [...labs].flatMap(([state, { endpoint }]) => [
				providerNode(`${state} provider`, { provider: vendor, endpoint, ...changed.provider }),
				...streamNode(state, `${state} provider`, { ...settings, warm: state === 'warm' }),
			]);
		}

		before(async () => {
			for (const state of [...Object.keys(STATES), 'warm']) {
				labs.set(state, await start());
				credentials[`${state} provider`] = { apiKey: 'lab-api-key' };
			}
			flow = await FailingFlow.begin(nodes(), credentials);
		});
		after(async () => {
			await flow?.nodeRed.stop();
			for (const lab of labs.values()) await lab.stop();
		});

		/** Two streams on each node, in its state; the node that is kept warm has one of its own ready. */
		async function begin(): Promise<Map<string, string[]>> {
			const streams = new Map<string, string[]>();
			for (const [state, { behaviour, reached, whole, once }] of Object.entries(STATES)) {
				if (once && deployments) continue;
				const lab = labs.get(state);
				const refused = vendor === 'yandex' && behaviour.refuse;
				const script = refused ? { refuse: { status: UNAVAILABLE } } : behaviour;
				if (lab) lab.script = script;
				const ids = [1, 2].map((stream) => `${state} ${deployments} ${stream}`);
				streams.set(state, ids);
				for (const id of ids) {
					const all = chunks(numberedAudio(6), id);
					await flow.send(state, whole ? all : all.slice(0, -1));
				}
				for (const id of ids)
					if (reached)
						await flow.nodeRed.until(`${reached} of ${id}`, () =>
							flow.names(state, id).includes(reached) ? true : undefined,
						);
				if (!reached) await lab?.until('two connections', () => lab.open === 2);
			}
			const warm = labs.get('warm');
			await warm?.until('a warm connection', () => warm.open === 1);
			deployments++;
			return streams;
		}

		async function checkEnded(streams: Map<string, string[]>): Promise<void> {
			for (const [state, ids] of streams)
				for (const id of ids) {
					const session = await flow.closed(state, id);
					assert.equal(session.code, undefined, id);
					assert.equal(flow.names(state, id).filter((name) => name === 'closed').length, 1, id);
					assert.equal(flow.names(state, id).at(-1), 'closed', id);
				}
			for (const [state, lab] of labs) {
				lab.resumeAll();
				// The new nodes have no streams yet.
				const left = state === 'warm' ? 1 : 0;
				await lab.until(`the end of all connections of ${state}`, () => lab.open === left);
			}
			assert.deepEqual(flow.nodeRed.errors(), []);
		}

		for (const [what, type, changed] of [
			['changed nodes', 'nodes', { stream: { maxStreams: 3 } }],
			['everything', 'full', { stream: { maxStreams: 3 } }],
			['the provider alone', 'nodes', { stream: { maxStreams: 3 }, provider: { name: 'renamed' } }],
		] as const)
			it(`${what}`, options, async () => {
				const streams = await begin();
				await flow.nodeRed.setFlows(FailingFlow.complete(nodes(changed)), { type });
				await checkEnded(streams);
				const lab = labs.get('listening');
				const before = lab?.records.length ?? 0;
				const { text, code } = await flow.say('listening', `after ${what}`);
				assert.deepEqual([text, code], [FailingFlow.said, undefined]);
				assert.equal(lab?.records.length, before + 1);
			});

		it('that removes the nodes, and then Node-RED is stopped', options, async () => {
			const streams = await begin();
			await flow.nodeRed.setFlows(FailingFlow.complete([]), { type: 'nodes' });
			for (const [state, ids] of streams)
				for (const id of ids) assert.equal((await flow.closed(state, id)).code, undefined, id);
			for (const [state, lab] of labs) {
				lab.resumeAll();
				await lab.until(`the end of all connections of ${state}`, () => lab.open === 0);
			}
			assert.deepEqual(flow.nodeRed.errors(), []);
		});

		it('no promise was left to itself', () => {
			const log = flow.nodeRed.log.join('\n');
			assert.doesNotMatch(log, /unhandled|uncaught|MaxListeners|\[error\]/i);
		});
	});
