import { EventEmitter } from 'node:events';
import type { FromChild, Message, NodeFailure, Status } from './node-red-protocol.ts';

export interface WaitOptions {
	/** Default 60 s; only there to end a test that hangs. */
	timeoutMs?: number;
}

const LEVELS: Record<number, string> = {
	10: 'fatal',
	20: 'error',
	30: 'warn',
	40: 'info',
	50: 'debug',
	60: 'trace',
};

/** All that a Node-RED's nodes have sent, shown and failed with, and waiting for more of it. */
export class NodeRedRecord {
	/** Lines of its log and of its stdout and stderr, so far. */
	readonly log: string[] = [];
	readonly #messages: { node: string; port: number; msg: Message }[] = [];
	readonly #statuses: { node: string; status: Status }[] = [];
	readonly #errors: NodeFailure[] = [];
	readonly #happened = new EventEmitter().setMaxListeners(0);
	#ended: string | undefined;

	/** Every message that the node has sent, in order: as it was at that moment, without req and res. */
	messages(node: string, port?: number): Message[] {
		return this.#messages
			.filter((sent) => sent.node === node && (port === undefined || sent.port === port))
			.map((sent) => sent.msg);
	}

	/** The first message of the node, also one sent already, for which `predicate` is true. `port` counts from 0. */
	waitFor(
		node: string,
		predicate: (msg: Message, index: number) => boolean = () => true,
		{ port, timeoutMs }: WaitOptions & { port?: number } = {},
	): Promise<Message> {
		const what = `a message of ${node}${port === undefined ? '' : ` on output ${port}`}`;
		return this.until(what, () => this.messages(node, port).find(predicate), timeoutMs);
	}

	/** What nodes reported with node.error() or done(error), in order, whether or not a Catch node heard it. */
	errors(node?: string): NodeFailure[] {
		return this.#errors.filter((error) => node === undefined || error.node === node);
	}

	waitForError(
		node: string,
		predicate: (error: NodeFailure, index: number) => boolean = () => true,
		{ timeoutMs }: WaitOptions = {},
	): Promise<NodeFailure> {
		return this.until(`an error of ${node}`, () => this.errors(node).find(predicate), timeoutMs);
	}

	/** Every status that the node has shown, in order. */
	statuses(node: string): Status[] {
		return this.#statuses.filter((shown) => shown.node === node).map((shown) => shown.status);
	}

	/** The first status of the node from the `after`-th on (default: any) for which `predicate` is true. */
	waitForStatus(
		node: string,
		predicate: (status: Status) => boolean = () => true,
		{ timeoutMs, after = 0 }: WaitOptions & { after?: number } = {},
	): Promise<Status> {
		const look = () => this.statuses(node).slice(after).find(predicate);
		return this.until(`a status of ${node}`, look, timeoutMs);
	}

	/**
	 * The first value of `look` that is not undefined; it looks now and whenever something happens.
	 * Rejects after `timeoutMs`, or when Node-RED ends; the message holds the end of the log.
	 */
	until<T>(what: string, look: () => T | undefined, timeoutMs = 60_000): Promise<T> {
		return new Promise((resolve, reject) => {
			const settle = () => {
				clearTimeout(timer);
				this.#happened.off('change', check);
			};
			const fail = (reason: string) => {
				settle();
				reject(new Error(`waited for ${what}: ${reason}\n${this.log.slice(-20).join('\n')}`));
			};
			const check = () => {
				try {
					const found = look();
					if (found === undefined && this.#ended === undefined) return;
					settle();
					if (found !== undefined) resolve(found);
					else fail(this.#ended!);
				} catch (error) {
					settle();
					reject(error);
				}
			};
			const timer = setTimeout(() => fail(`nothing in ${timeoutMs} ms`), timeoutMs);
			this.#happened.on('change', check);
			check();
		});
	}

	/** Forgets all that has happened so far but the log, in runs that last so long that it would fill the memory. */
	forget(): void {
		for (const list of [this.#messages, this.#statuses, this.#errors]) list.length = 0;
	}

	protected take(event: FromChild): void {
		if (event.kind === 'message') this.#messages.push(event);
		else if (event.kind === 'status') this.#statuses.push(event);
		else if (event.kind === 'error') this.#errors.push(event.error);
		else if (event.kind === 'log') this.log.push(`[${LEVELS[event.level] ?? event.level}] ${event.text}`);
		this.#happened.emit('change');
	}

	/** Nothing will happen any more, for this reason: who still waits is told. */
	protected end(reason: string): void {
		this.#ended = reason;
		this.#happened.emit('change');
	}
}
