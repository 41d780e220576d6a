import { startAssemblyAi } from '../../test/lab/recognisers/assemblyai.ts';
import { scripted, sentence } from '../../test/lab/recognisers/hearing.ts';
import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import { startYandex } from '../../test/lab/recognisers/yandex.ts';
import { Network } from './network.ts';

/** A session begins so long after it was asked for, as over the internet. */
const BEGIN_MS = 300;
/** A word every quarter of a second, whatever the microphone hears, in turns of eight. */
const WORDS = sentence(Array.from({ length: 4000 }, (_, index) => `word${index}`).join(' '), 0);
const TURN_WORDS = 8;

interface Recogniser {
	readonly records: readonly ConnectionRecord[];
	readonly apiKey: string;
	until<T>(what: string, condition: () => T | undefined | false): Promise<T>;
	stop(): Promise<void>;
}

/** A loopback recogniser far away: behind a network that can break. */
export class Cloud {
	readonly recogniser: Recogniser;
	readonly network: Network;

	static async assemblyAi(): Promise<Cloud> {
		const recogniser = await startAssemblyAi(SETTINGS);
		return new Cloud(recogniser, await Network.to(Number(recogniser.host.split(':')[1])));
	}

	static async yandex(): Promise<Cloud> {
		const recogniser = await startYandex(SETTINGS);
		return new Cloud(recogniser, await Network.to(recogniser.relay.port));
	}

	private constructor(recogniser: Recogniser, network: Network) {
		this.recogniser = recogniser;
		this.network = network;
	}

	get port(): number {
		return this.network.port;
	}

	async stop(): Promise<void> {
		await this.network.stop();
		await this.recogniser.stop();
	}
}

const SETTINGS = {
	ears: scripted(WORDS),
	turnWords: TURN_WORDS,
	script: { beginDelayMs: BEGIN_MS },
};
