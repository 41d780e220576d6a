import { after, before, describe } from 'node:test';
import type { SttProvider } from '../../../../nodes/stt-stream/providers/provider.ts';
import { SAFETY_MS } from '../helpers.ts';
import { ContractBench } from './contract-bench.ts';
import { endsWell } from './contract-ends.ts';
import { hearsSpeech } from './contract-speech.ts';

// What every adapter must do, whatever its protocol. To put another one under it, write <name>.test.ts beside this
// file, which calls `contract` with a ContractTarget:
//
// 1. `provider` makes the real adapter, at something that can be worked by hand: a recogniser from
//    test/lab/recognisers, which listens on 127.0.0.1, or the real engine. Nothing of ours is replaced.
// 2. `utterances` gives speech that it surely understands: numberedAudio for the loopback recognisers, speak() for
//    engines that know English.
// 3. `breakOff`, `freeze` and `hopeless` make the accidents that happen to it in the field: for a recogniser in the
//    network the connection, for one on this machine the process.
// 4. `nothingLeft` asks whoever knows: the recogniser for its connections, the system for the processes.
//
// contract-defects.test.ts shows which mistakes in an adapter the contract finds; a new test in here wants a new defect
// there.

/** Speech that the recogniser under test understands. */
export interface Utterance {
	/** Mono s16le at 16 kHz, without silence around it. */
	readonly pcm: Buffer;
	readonly text: string;
}

export interface ContractTarget {
	readonly name: string;
	readonly skip: false | string;
	provider(): SttProvider;
	/** One that can never work: its key is wrong, or its model is not there. */
	hopeless(): SttProvider;
	/** At least two, with different words. */
	utterances(): Promise<readonly Utterance[]>;
	readonly maxWordErrorRate: number;
	/** Breaks every open session as only an accident does, also while it is frozen. */
	breakOff(): Promise<void> | void;
	/**
	 * From now on all that serves the open sessions, which have all got audio, takes nothing, says nothing and ends
	 * nothing, and nobody is told. Resolves with what makes it go on.
	 */
	freeze(): Promise<() => void>;
	/** Resolves when nothing of the closed sessions is left: processes, connections. */
	nothingLeft(): Promise<void>;
	/** How long a test may hang. Default: very long. */
	readonly patienceMs?: number;
}

export function contract(target: ContractTarget): void {
	describe(`contract: ${target.name}`, { skip: target.skip }, () => {
		const bench = new ContractBench(target);
		const options = { timeout: target.patienceMs ?? SAFETY_MS };
		before(() => bench.prepare());
		after(() => target.nothingLeft());
		hearsSpeech(bench, options);
		endsWell(bench, options);
	});
}
