import { Relay } from '../../test/lab/recognisers/relay.ts';
import { Watch } from '../../test/lab/recognisers/watch.ts';

/** The network in front of a recogniser on 127.0.0.1. */
export class Network {
	readonly #relay: Relay;
	#backAt = 0;

	static async to(port: number): Promise<Network> {
		const network = new Network(port);
		await network.#relay.listen();
		return network;
	}

	private constructor(port: number) {
		this.#relay = new Relay(port, () => this.#backAt - performance.now(), new Watch());
	}

	get port(): number {
		return this.#relay.port;
	}

	/** All connections break; new ones get nowhere for so long. */
	cut(ms: number): void {
		this.#backAt = performance.now() + ms;
		this.#relay.dropAll();
	}

	stop(): Promise<void> {
		return this.#relay.stop();
	}
}
