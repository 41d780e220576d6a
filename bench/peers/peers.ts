import { startSoundCard } from '../../test/lab/sound-card.ts';
import type { Extent } from '../statistics.ts';
import { Cloud } from '../tutorials/cloud.ts';
import { FlowContestant } from '../tutorials/contestants.ts';
import { type Figures, figuresOf, noTakes } from '../tutorials/figures.ts';
import { liveFlow } from '../tutorials/live-flow.ts';
import { BenchNodeRed } from '../tutorials/node-red.ts';
import type { Place } from '../tutorials/take.ts';
import { MANY, measureFlows, RUNS_MAX } from '../tutorials/tutorials.ts';
import { coreFlow } from './core-flow.ts';

// The same work in the same Node-RED, wired of core nodes as users do it today, and of ours: from the virtual
// microphone to a loopback AssemblyAI, version 3, in frames of 200 ms.

const RATE = 16_000;
const FRAMES = 3200;
const MODEL = 'universal-streaming-english';

export const PEERS = ['core nodes', 'voice nodes'] as const;
export type Peer = (typeof PEERS)[number];

/** One row for the core nodes and one for ours; of their runs (3 at most) the medians. */
export async function measurePeers(
	{ seconds, runs }: Extent,
	peers: readonly Peer[] = PEERS,
): Promise<Figures[]> {
	const cloud = await Cloud.assemblyAi();
	const { apiKey } = cloud.recogniser;
	const endpoint = `ws://127.0.0.1:${cloud.port}/v3/ws`;
	const url = `${endpoint}?sample_rate=${RATE}&encoding=pcm_s16le&speech_model=${MODEL}&token=${apiKey}`;
	const audio = { rate: RATE, frames: FRAMES };
	const provider = { provider: 'assemblyai', endpoint, model: MODEL, credentials: { apiKey } };
	const sides = {
		'core nodes': {
			takes: noTakes(),
			// Its sessions are open for as long as the flow is deployed.
			closes: false,
			flow: (streams: number, _preRollMs: number) => coreFlow({ ...audio, streams, url }),
		},
		'voice nodes': {
			takes: noTakes(),
			closes: true,
			flow: (streams: number, preRollMs: number) => liveFlow({ ...audio, streams, preRollMs, provider }),
		},
	};
	const card = await startSoundCard({ rate: RATE });
	const place: Place = { card, rate: RATE, cloud };
	try {
		for (let run = 0; run < Math.min(runs, RUNS_MAX); run++) {
			const all = peers.map((peer) => sides[peer]);
			// Turn about who begins: whatever else this machine does meets both.
			for (const { takes, closes, flow } of run % 2 ? all.reverse() : all) {
				const nodeRed = await BenchNodeRed.start(card.env);
				try {
					const contestant = (streams: number, preRollMs: number) =>
						new FlowContestant(nodeRed, () => flow(streams, preRollMs), { streams, closes });
					await measureFlows(place, contestant, seconds, takes);
				} finally {
					await nodeRed.stop();
				}
			}
		}
	} finally {
		await card.stop();
		await cloud.stop();
	}
	const frame = `${FRAMES} at ${RATE / 1000} kHz`;
	return peers.map((peer) => {
		const { takes, closes: preRoll } = sides[peer];
		return figuresOf(peer, frame, takes, { streams: MANY, preRoll });
	});
}
