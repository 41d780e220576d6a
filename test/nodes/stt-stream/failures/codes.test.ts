import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FlowNode } from '../../../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../../lab/recognisers/assemblyai.ts';
import { type LoopbackGoogle, startGoogle } from '../../../lab/recognisers/google.ts';
import type { Behaviour } from '../../../lab/recognisers/script.ts';
import { type LoopbackYandex, startYandex } from '../../../lab/recognisers/yandex.ts';
import { SAFETY_MS } from '../helpers.ts';
import { OLDER, type Row, STATUSES, V3 } from './assemblyai-rows.ts';
import { FailingFlow, providerNode, type Recogniser, streamNode, type Vendor } from './failing-flow.ts';
import { ROWS as GOOGLE } from './google-rows.ts';
import { ROWS as YANDEX } from './yandex-rows.ts';

// Every way in which a cloud recogniser is known to end a session, and what a user sees of it in Node-RED.

interface Case {
	readonly vendor: Vendor;
	readonly name: string;
	readonly behaviour: Behaviour;
	readonly code: string;
	readonly retryable: boolean;
	/** The protocol's name of it, as the error repeats it. */
	readonly says: string;
	/** It happens before the audio has ended. */
	readonly early?: boolean;
}

/** Two words into the session. */
const MIDDLE = { audioMs: 200 };
const PEERS: Record<Vendor, RegExp> = {
	assemblyai: /^AssemblyAI at 127\.0\.0\.1:\d+ /,
	'assemblyai-v2': /^AssemblyAI at 127\.0\.0\.1:\d+ /,
	yandex: /^Yandex SpeechKit at localhost:\d+ /,
	google: /^Google Speech-to-Text at localhost:\d+ /,
};

/** Alternately by an error message, and by the reason of the close alone. */
const closeCode =
	(vendor: Vendor) =>
	([close, text, code, retryable]: Row, index: number): Case => {
		const words = text && index % 2 ? { error: text } : { reason: text };
		const behaviour = { cues: [{ at: MIDDLE, do: 'close', code: close, ...words }] } as const;
		return {
			vendor,
			name: `close code ${close} ${text}`,
			behaviour,
			code,
			retryable,
			says: `(code ${close}`,
		};
	};

const httpStatus =
	(vendor: Vendor) =>
	([status, body, code, retryable]: Row): Case => ({
		vendor,
		name: `HTTP status ${status} ${body}`,
		behaviour: { refuse: { status, body } },
		code,
		retryable,
		says: `(HTTP status ${status}`,
	});

const grpcStatus =
	(vendor: Vendor) =>
	([status, name, text, code, retryable]: (typeof YANDEX)[number]): Case => ({
		vendor,
		name: `${name} ${text}`,
		behaviour: { cues: [{ at: MIDDLE, do: 'close', code: status, reason: text }] },
		code,
		retryable,
		says: `(${name}`,
	});

/** Nothing is said, or nothing that can be read. */
const unexplained = (vendor: Vendor, ok: number): Case[] => [
	{
		vendor,
		name: 'a connection that is cut',
		behaviour: { cues: [{ at: MIDDLE, do: 'drop' }] },
		code: 'STT_CONNECT',
		retryable: true,
		says: 'broke off the connection',
	},
	{
		vendor,
		name: 'an end without a reason',
		behaviour: { cues: [{ at: MIDDLE, do: 'close', code: ok }] },
		code: 'STT_PROTOCOL',
		retryable: true,
		says: 'ended the session before the audio did',
		early: true,
	},
];

/** Says half of what it heard, and takes leave. */
function withoutFinal(vendor: Vendor): Case {
	return {
		vendor,
		name: 'a plain end in place of the last final',
		behaviour: { cues: [{ at: 'finish', do: 'close', code: 1000 }] },
		code: 'STT_PROTOCOL',
		retryable: true,
		says: '(code 1000',
	};
}

const CASES: readonly Case[] = [
	...[...V3, ...OLDER].map(closeCode('assemblyai')),
	...STATUSES.map(httpStatus('assemblyai')),
	...unexplained('assemblyai', 1000),
	withoutFinal('assemblyai'),
	...OLDER.map(closeCode('assemblyai-v2')),
	...STATUSES.map(httpStatus('assemblyai-v2')),
	...unexplained('assemblyai-v2', 1000),
	withoutFinal('assemblyai-v2'),
	...YANDEX.map(grpcStatus('yandex')),
	...unexplained('yandex', 0),
	...GOOGLE.map(grpcStatus('google')),
	...unexplained('google', 0),
];

const LANES = 4;

/** One recogniser of each vendor for one row of the table at a time. */
class Lane {
	readonly #name: string;
	readonly assemblyAi: LoopbackAssemblyAi;
	readonly yandex: LoopbackYandex;
	readonly google: LoopbackGoogle;

	constructor(name: string, assemblyAi: LoopbackAssemblyAi, yandex: LoopbackYandex, google: LoopbackGoogle) {
		this.#name = name;
		this.assemblyAi = assemblyAi;
		this.yandex = yandex;
		this.google = google;
	}

	static async start(name: string): Promise<Lane> {
		return new Lane(name, await startAssemblyAi(), await startYandex(), await startGoogle());
	}

	/** `once` gives up at the first failure, `again` tries again. */
	node(vendor: Vendor, kind: 'once' | 'again'): string {
		return `${this.#name} ${vendor} ${kind}`;
	}

	nodes(): FlowNode[] {
		const endpoints: Record<Vendor, string> = {
			assemblyai: this.assemblyAi.url,
			'assemblyai-v2': this.assemblyAi.urlV2,
			yandex: this.yandex.endpoint,
			google: this.google.endpoint,
		};
		return Object.entries(endpoints).flatMap(([vendor, endpoint]) => {
			const id = `${this.#name} ${vendor}`;
			return [
				providerNode(id, { provider: vendor, endpoint }),
				...streamNode(this.node(vendor as Vendor, 'once'), id, { reconnectMs: 0 }),
				...streamNode(this.node(vendor as Vendor, 'again'), id, { reconnectMs: SAFETY_MS }),
			];
		});
	}

	credentials(): Record<string, { apiKey: string }> {
		const apiKey = 'lab-api-key';
		return Object.fromEntries(Object.keys(PEERS).map((vendor) => [`${this.#name} ${vendor}`, { apiKey }]));
	}

	recogniser(vendor: Vendor): Recogniser {
		return vendor === 'yandex' ? this.yandex : vendor === 'google' ? this.google : this.assemblyAi;
	}

	async stop(): Promise<void> {
		await this.assemblyAi.stop();
		await this.yandex.stop();
		await this.google.stop();
	}
}

describe('what a user sees of a failing recogniser', { concurrency: LANES }, () => {
	const lanes: Lane[] = [];
	const free: Lane[] = [];
	let flow: FailingFlow;

	before(async () => {
		for (let lane = 0; lane < LANES; lane++) lanes.push(await Lane.start(`lane ${lane}`));
		free.push(...lanes);
		flow = await FailingFlow.begin(
			lanes.flatMap((lane) => lane.nodes()),
			Object.assign({}, ...lanes.map((lane) => lane.credentials())),
		);
	});
	after(async () => {
		await flow?.nodeRed.stop();
		for (const lane of lanes) await lane.stop();
	});

	/** The stream fails for good on the only connection that it gets. */
	async function checkFatal(
		{ vendor, behaviour, code, says, early = false }: Case,
		lane: Lane,
		kind: 'once' | 'again',
	) {
		const recogniser = lane.recogniser(vendor);
		const node = lane.node(vendor, kind);
		const first = recogniser.records.length;
		recogniser.script = (index) => (index === first ? behaviour : {});
		const id = `${node} ${first}`;
		const { text } = await flow.say(node, id, { waits: early });
		const message = await flow.checkFailed(node, id, code, PEERS[vendor]);
		assert.ok(message.includes(says), message);
		assert.equal(text, '');
		assert.ok(!flow.names(node, id).includes('reconnecting'));
		assert.equal(recogniser.records.length - first, 1);
	}

	/** The next connection works, and all words come. */
	async function checkRetried({ vendor, behaviour, early = false }: Case, lane: Lane) {
		const recogniser = lane.recogniser(vendor);
		const node = lane.node(vendor, 'again');
		const first = recogniser.records.length;
		recogniser.script = (index) => (index === first ? behaviour : {});
		const before = flow.nodeRed.statuses(node).length;
		const id = `${node} ${first}`;
		const { code, text, reconnects, droppedMs } = await flow.say(node, id, { waits: early });
		assert.deepEqual([code, reconnects, droppedMs], [undefined, 1, 0]);
		// v2 writes sentences.
		assert.equal(String(text).replace(/\.$/, ''), FailingFlow.said);
		assert.equal(recogniser.records.length - first, 2);
		const names = flow.names(node, id);
		assert.deepEqual([names.filter((name) => name === 'closed').length, names.at(-1)], [1, 'closed']);
		const [again, ...more] = flow.events(node, id).filter(({ payload }) => payload === 'reconnecting');
		assert.equal(more.length, 0);
		assert.match(String(again?.session['detail']), PEERS[vendor]);
		assert.deepEqual(flow.caught(id), []);
		await flow.nodeRed.waitForStatus(node, (status) => status.text === 'idle', { after: before });
		assert.ok(
			flow.nodeRed
				.statuses(node)
				.slice(before)
				.every(({ fill }) => fill !== 'red'),
		);
	}

	for (const row of CASES)
		it(`${row.vendor}: ${row.name}`, { timeout: SAFETY_MS }, async () => {
			const lane = free.pop();
			assert.ok(lane, 'more tests at once than lanes');
			try {
				if (row.retryable) {
					await checkFatal(row, lane, 'once');
					await checkRetried(row, lane);
				} else await checkFatal(row, lane, 'again');
			} finally {
				free.push(lane);
			}
		});
});
