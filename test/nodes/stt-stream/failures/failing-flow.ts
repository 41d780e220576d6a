import assert from 'node:assert/strict';
import {
	type Credentials,
	type FlowNode,
	type Message,
	type NodeRedOptions,
	sink,
	startNodeRed,
} from '../../../lab/node-red.ts';
import { numberedAudio, numberedText } from '../../../lab/recognisers/numbered-audio.ts';
import type { ConnectionRecord } from '../../../lab/recognisers/record.ts';
import type { Script } from '../../../lab/recognisers/script.ts';
import { chunks, EVENTS, provider, SpeechFlow, stt } from '../speech-flow.ts';

// A real Node-RED in which recognisers fail, with a Catch node that hears of it.

/** What stands under a node that failed with this code. */
export const STATUS_TEXTS: Readonly<Record<string, string>> = {
	STT_AUTH: 'key refused',
	STT_QUOTA: 'limit reached',
	STT_CONFIG: 'check the settings',
	STT_CONNECT: 'not reachable',
	STT_TIMEOUT: 'no answer in time',
	STT_AUDIO_FORMAT: 'audio refused',
	STT_PROTOCOL: 'protocol error',
	STT_ENGINE: 'engine failed',
};

export type Vendor = 'assemblyai' | 'assemblyai-v2' | 'yandex' | 'google';

/** What is needed here of a loopback recogniser. */
export interface Recogniser {
	script: Script;
	readonly records: readonly ConnectionRecord[];
	readonly open: number;
	until<T>(what: string, condition: () => T | undefined | false): Promise<T>;
}

const TAB = 'tab';

/** An stt-provider, and an stt-stream on a tab whose outputs all lead somewhere. */
export const providerNode = provider;
export const streamNode = (id: string, providerId: string, settings: Record<string, unknown> = {}) =>
	stt(id, { provider: providerId, ...settings }).map((node) => ({ ...node, z: TAB }));

/** What a Catch node sends of an error. */
export interface Caught {
	readonly message: string;
	readonly code?: string;
	readonly source: { readonly id: string };
}

const WORDS = 6;

export class FailingFlow extends SpeechFlow {
	/** @param nodes beside a tab with a Catch node */
	static async begin(
		nodes: readonly FlowNode[],
		credentials: Credentials,
		more: Partial<NodeRedOptions> = {},
	): Promise<FailingFlow> {
		const flow = FailingFlow.complete(nodes);
		return new FailingFlow(await startNodeRed({ flow, credentials, ...more }));
	}

	static complete(nodes: readonly FlowNode[]): FlowNode[] {
		return [
			{ id: TAB, type: 'tab', label: 'failures' },
			{ id: 'catch', type: 'catch', z: TAB, scope: null, uncaught: false, wires: [['caught']] },
			// Also in the editor's sidebar.
			{ ...sink('caught', TAB), active: true, tosidebar: true, complete: 'true', targetType: 'full' },
			...nodes,
		];
	}

	/**
	 * Says 600 ms of numbers from `from` on, as a stream. Resolves when the node has said 'closed'.
	 * @param waits ends the stream only when the recogniser has failed
	 */
	async say(node: string, id: string, { waits = false, from = 0 } = {}): Promise<Record<string, unknown>> {
		const all = chunks(numberedAudio(WORDS, 16_000, from), id);
		await this.send(node, all.slice(0, -1));
		const hasFailed = () =>
			this.names(node, id).some((name) => ['reconnecting', 'closed'].includes(String(name)));
		if (waits) await this.nodeRed.until(`the failure of ${id}`, () => hasFailed() || undefined);
		await this.send(node, all.slice(-1));
		return (await this.closed(node, id)) as unknown as Record<string, unknown>;
	}

	static readonly said: string = numberedText(WORDS);

	/** What the node said of a stream on output 3. */
	events(node: string, id: string): { payload: unknown; session: Record<string, unknown> }[] {
		return this.nodeRed
			.messages(node, EVENTS)
			.map(({ payload, session }) => ({ payload, session: session as Record<string, unknown> }))
			.filter(({ session }) => session['stream'] === id);
	}

	names(node: string, id: string): unknown[] {
		return this.events(node, id).map(({ payload }) => payload);
	}

	/** What the Catch node got about a stream. */
	caught(id: string): (Message & { error: Caught })[] {
		const isOf = ({ parts }: Message) => (parts as { id?: string } | undefined)?.id === id;
		return this.nodeRed.messages('catch').filter(isOf) as (Message & { error: Caught })[];
	}

	/** The stream has failed with `code`: all that a user can see of it. Returns the text of the error. */
	async checkFailed(node: string, id: string, code: string, peer: RegExp): Promise<string> {
		const all = this.events(node, id);
		const closings = all.filter(({ payload }) => payload === 'closed');
		assert.equal(closings.length, 1);
		assert.equal(all.at(-1)?.payload, 'closed');
		assert.equal(closings[0]?.session['code'], code);

		const { error, ...message } = await this.nodeRed.until(`the error of ${id}`, () => this.caught(id)[0]);
		assert.equal(this.caught(id).length, 1);
		assert.equal(error.code, code, error.message);
		assert.equal(error.source.id, node);
		assert.match(error.message, peer);
		// What happened, and after a colon what to do.
		assert.match(error.message, /.{10,}: .{5,}$/);
		assert.doesNotMatch(error.message, /[\n\r]|undefined|\[object/);
		// Which stream it was, and not what was said in it.
		assert.deepEqual(Object.keys(message).sort(), ['_msgid', 'parts', 'topic']);

		const text = STATUS_TEXTS[code] ?? '';
		assert.ok(text.length > 0 && text.length < 20, code);
		assert.deepEqual(this.nodeRed.statuses(node).at(-1), { fill: 'red', shape: 'ring', text });
		return error.message;
	}
}
