import type { Node, NodeMessage } from 'node-red';
import { type ErrorCode, toVoiceError, type VoiceError } from './errors.ts';
import type { WhenStarted } from './started.ts';
import type { StatusLine } from './status.ts';

/** Sends on output `port` (0-based) only, so that the other outputs stay silent. */
export type SendTo = (port: number, message: object) => void;

export interface GuardOptions {
	/** The code for an error that nobody foresaw. */
	fallback: ErrorCode;
	status: StatusLine;
	/** Called with every error before it is reported, for nodes that keep counts. */
	onError?: (error: VoiceError) => void;
	/** Holds reports back until Catch nodes can hear them; without it they are made at once. */
	whenStarted?: WhenStarted;
}

/**
 * The only way in which our nodes meet Node-RED's events. An async handler that rejects would end the whole
 * Node-RED process, so everything that a handler throws or rejects with becomes one report: a Catch node gets
 * the code, the status line turns red, and Node-RED logs it once if no Catch node took it.
 */
export class NodeGuard {
	readonly #node: Node;
	readonly #options: GuardOptions;
	/** Reports that wait for the flows to start. */
	#early: (() => void)[] | undefined;

	constructor(node: Node, options: GuardOptions) {
		this.#node = node;
		this.#options = options;
		const cancel = options.whenStarted?.(() => {
			for (const report of this.#early?.splice(0) ?? []) report();
			this.#early = undefined;
		});
		if (!cancel) return;
		this.#early = [];
		node.on('close', cancel);
	}

	/** Handles messages; `handler` may be async. Complete nodes fire when it resolves, Catch nodes when not. */
	onInput(handler: (message: NodeMessage & Record<string, unknown>, send: SendTo) => unknown): void {
		this.#node.on('input', (message, send, done) => {
			const sendTo = portSender((messages) => send(messages as NodeMessage[]));
			void this.#handle(() => handler(message as NodeMessage & Record<string, unknown>, sendTo), done);
		});
	}

	/** Never rejects. */
	async #handle(run: () => unknown, done: (error?: Error) => void): Promise<void> {
		try {
			let failure: VoiceError | undefined;
			try {
				const result = run();
				// Waiting costs even where there is nothing to wait for, and audio comes in many messages.
				if (result instanceof Promise) await result;
			} catch (thrown) {
				failure = this.#show(thrown);
			}
			done(failure);
		} catch (thrown) {
			this.#node.warn(String(thrown));
		}
	}

	/** Clean-up on redeploy and shutdown; what fails is logged, and Node-RED goes on. */
	onClose(handler: (removed: boolean) => unknown): void {
		this.#node.on('close', (removed: boolean, done: () => void) => {
			Promise.resolve()
				.then(() => handler(removed))
				.catch((thrown) => this.#node.warn(String(thrown)))
				.finally(done);
		});
	}

	/**
	 * Reports an error that no message in hand caused (a device went away, a server closed).
	 * @param cause the message that began the work, so that a Catch node can tell which it was
	 */
	report(thrown: unknown, cause: object = {}): void {
		const error = this.#show(thrown);
		const report = () => this.#tell(error, cause);
		if (this.#early) this.#early.push(report);
		else report();
	}

	/** Runs work that nothing waits for; a failure is reported. */
	run(work: () => unknown, cause?: object): void {
		Promise.resolve()
			.then(work)
			.catch((thrown) => this.report(thrown, cause));
	}

	/** Sends outside of an input handler. What Node-RED cannot send is logged: thrown out of a timer, it would end it. */
	readonly send: SendTo = (port, message) => {
		try {
			this.#sendNow(port, message);
		} catch (thrown) {
			this.#node.warn(String(thrown));
		}
	};

	readonly #sendNow = portSender((messages) => this.#node.send(messages as NodeMessage[]));

	#tell(error: VoiceError, cause: object): void {
		try {
			this.#node.error(error, cause as NodeMessage);
		} catch {
			// Node-RED copies the message and calls its `hasOwnProperty`: not every object stands that.
			this.#node.error(error, {} as NodeMessage);
		}
	}

	#show(thrown: unknown): VoiceError {
		const error = toVoiceError(thrown, this.#options.fallback, this.#node.type);
		try {
			this.#options.onError?.(error);
			this.#options.status.show('error', `code.${error.code}`);
		} catch (second) {
			this.#node.warn(String(second));
		}
		return error;
	}
}

function portSender(send: (messages: (object | null)[]) => void): SendTo {
	return (port, message) => {
		const messages: (object | null)[] = new Array(port).fill(null);
		messages.push(message);
		send(messages);
	};
}
