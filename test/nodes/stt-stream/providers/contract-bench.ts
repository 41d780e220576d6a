import assert from 'node:assert/strict';
import type { SttProvider, SttSession } from '../../../../nodes/stt-stream/providers/provider.ts';
import { wordErrorRate } from '../../../lab/speech.ts';
import { feed, type Heard, listen, never, openOptions } from '../helpers.ts';
import type { ContractTarget, Utterance } from './contract.ts';

/** What the tests of the contract share. */
export class ContractBench {
	readonly target: ContractTarget;
	#provider: SttProvider | undefined;
	#utterances: readonly Utterance[] = [];

	constructor(target: ContractTarget) {
		this.target = target;
	}

	/** Before the first test. */
	async prepare(): Promise<void> {
		this.#utterances = await this.target.utterances();
		this.#provider = this.target.provider();
		await this.#provider.prepare?.();
	}

	get provider(): SttProvider {
		assert.ok(this.#provider, 'the contract’s `before` failed');
		return this.#provider;
	}

	get one(): Utterance {
		return this.#utterances[0] as Utterance;
	}

	get two(): Utterance {
		return this.#utterances[1] as Utterance;
	}

	async open(): Promise<{ session: SttSession; heard: Heard }> {
		const session = await this.provider.open(openOptions, never());
		return { session, heard: listen(session) };
	}

	/** Milliseconds of a piece that the recogniser takes. */
	get pieceMs(): number {
		return Math.max(64, this.provider.capabilities.chunkMs.min);
	}

	feed(session: SttSession, pcm: Buffer, ms = this.pieceMs): Promise<void> {
		return feed(session, pcm, ms);
	}

	understood(heard: string, said: string): void {
		const rate = wordErrorRate(said, heard);
		assert.ok(rate <= this.target.maxWordErrorRate, `"${heard}" for "${said}": word error rate ${rate}`);
	}
}
