import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../lab/certificates.ts';
import { type FlowNode, type LabNodeRed, type Message, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import type { SoundCard } from '../lab/sound-card.ts';

// A shipped flow of a cloud recogniser, run against a loopback recogniser by TLS: only the recogniser's address and
// its certificate authority are changed, as a user would for a server of his own.

const authority = createAuthority();
export const tls = authority.issue('localhost', '127.0.0.1');

export class VendorFlow {
	readonly name: string;
	readonly nodeRed: LabNodeRed;

	private constructor(name: string, nodeRed: LabNodeRed) {
		this.name = name;
		this.nodeRed = nodeRed;
	}

	/** @param keys environment variables, and the credential that is typed into the dialog */
	static async start(
		name: string,
		card: SoundCard,
		endpoint: string,
		keys: { apiKey: string; env: Record<string, string> },
	): Promise<VendorFlow> {
		const caFile = join(card.folder, 'ca.pem');
		writeFileSync(caFile, authority.ca);
		const shipped = readFileSync(join(packageRoot, 'examples/flows', `${name}.json`), 'utf8');
		const flow = (JSON.parse(shipped) as FlowNode[]).map((node) =>
			node.type === 'stt-provider' ? { ...node, endpoint, caFile } : node,
		);
		const nodeRed = await startNodeRed({
			flow,
			credentials: { [`${name}-provider`]: { apiKey: keys.apiKey } },
			env: { ...card.env, ...keys.env },
			cwd: card.folder,
		});
		return new VendorFlow(name, nodeRed);
	}

	id(node: string): string {
		return `${this.name}-${node}`;
	}

	/** As a click on the Inject node's button does. */
	async click(inject: string): Promise<void> {
		const { status } = await fetch(new URL(`/inject/${this.id(inject)}`, this.nodeRed.url), {
			method: 'POST',
		});
		assert.equal(status, 200);
	}

	messages(node: string, port = 0): Message[] {
		return this.nodeRed.messages(this.id(node), port);
	}

	/** Of the transcripts that left an output: all, or those of a turn. */
	kinds(port: number, ofTurn?: number): string[] {
		return this.messages('stt', port)
			.map(({ transcript }) => transcript as { kind: string; turn: number })
			.filter(({ turn }) => ofTurn === undefined || turn === ofTurn)
			.map(({ kind }) => kind);
	}

	/**
	 * The turns in the order of their finals, from outputs 1 and 2 together.
	 * @throws AssertionError if one had no partial before its final
	 */
	turns(): number[] {
		const [begun, over] = [new Set<number>(), new Set<number>()];
		for (const { transcript } of this.nodeRed.messages(this.id('stt'))) {
			const { kind, turn } = (transcript ?? {}) as { kind?: string; turn: number };
			if (kind === 'partial') assert.ok(begun.add(turn) && !over.has(turn), `a partial after final ${turn}`);
			else if (kind) assert.ok(begun.has(turn) && over.add(turn), `no partial before final ${turn}`);
		}
		return [...over];
	}

	/** The details of the first stream's end. */
	async closed(timeoutMs = 60_000): Promise<{ text: string; code?: string; audioMs: number }> {
		const closed = await this.nodeRed.waitFor(this.id('stt'), ({ payload }) => payload === 'closed', {
			port: 2,
			timeoutMs,
		});
		return closed['session'] as { text: string; code?: string; audioMs: number };
	}

	/** All that the microphone sent. */
	heard(): Buffer {
		return Buffer.concat(this.messages('mic').map(({ payload }) => payload as Buffer));
	}
}
