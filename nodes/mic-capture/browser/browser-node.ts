import type { NodeAPI } from 'node-red';
import { BrowserEndpoint, MAX_PAGES } from '../../../lib/browser/endpoint.ts';
import { partsId } from '../../../lib/node/audio-message.ts';
import { systemClock } from '../../../lib/node/clock.ts';
import { controlWord, isData, isReset } from '../../../lib/node/control.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import type { WhenStarted } from '../../../lib/node/started.ts';
import type { Message, MicContext, MicNode } from '../mic-node.ts';
import type { StreamLabel } from '../take.ts';
import { Pages } from './pages.ts';

/** The microphones of web pages: serves them, and brings what is said into them to outputs and status. */
export class BrowserNode implements MicNode {
	readonly #context: MicContext;
	readonly #whenStarted: WhenStarted;
	readonly #endpoint: BrowserEndpoint;
	readonly #pages: Pages;
	#cancel = () => {};
	/** The path belongs to something else, and that has been said. */
	#failing = false;
	/** That there are too many pages has been said. */
	#full = false;

	constructor(RED: NodeAPI, context: MicContext, whenStarted: WhenStarted) {
		this.#context = context;
		this.#whenStarted = whenStarted;
		const { settings, outputs, guard, label } = context;
		this.#pages = new Pages(settings, () => ownLabel(label({})), systemClock, {
			chunk: (chunk) => outputs.chunk(chunk),
			abandoned: (stream) => outputs.abandoned(stream),
			error: (error, stream) => guard.report(error, stream?.cause),
			changed: () => this.#show(),
		});
		this.#endpoint = new BrowserEndpoint(RED, {
			path: settings.path,
			connected: (connection) => this.#pages.add(connection),
			full: () => this.#tellFull(),
		});
		this.#serve();
	}

	input(message: Message): void {
		if (isReset(message)) this.#pages.reset(partsId(message));
		else if (isData(message)) this.#pages.answer(message);
		else {
			const word = controlWord(message, ['start', 'stop', 'toggle']);
			if (word === 'start' || (word === 'toggle' && !this.#pages.speaking)) throw cannotStart();
			this.#pages.stop('stop', partsId(message));
		}
	}

	async close(): Promise<void> {
		this.#cancel();
		this.#pages.stop('close');
		await this.#endpoint.close();
	}

	/** Now, and whenever flows were started: what they hold may have come to serve the path, or have ceased to. */
	#serve(): void {
		this.#cancel = this.#whenStarted(() => this.#serve());
		try {
			if (this.#endpoint.isOpen) this.#endpoint.check();
			else {
				this.#endpoint.open();
				this.#failing = false;
				this.#show();
			}
		} catch (thrown) {
			this.#pages.stop('error');
			void this.#endpoint.close();
			if (!this.#failing) this.#context.guard.report(thrown);
			this.#failing = true;
		}
	}

	#tellFull(): void {
		if (this.#full) return;
		this.#full = true;
		this.#context.guard.report(
			new VoiceError(
				'MIC_DEVICE_BUSY',
				`${MAX_PAGES} pages use this microphone, which is the limit: another one was sent away`,
				'close pages that nobody uses, or add a node with a path of its own',
				{ retryable: true },
			),
		);
	}

	#show(): void {
		if (this.#failing) return;
		const { status, outputs } = this.#context;
		const { count, speaking } = this.#pages;
		this.#full &&= count >= MAX_PAGES;
		if (speaking) status.show(outputs.cut ? 'warning' : 'active', 'speaking', { speaking, count });
		else status.show('idle', 'pages', { count });
	}
}

/** No message began the stream: a Catch node learns from its own which one it is about. */
const ownLabel = ({ id, topic }: StreamLabel): StreamLabel => ({
	id,
	topic,
	cause: { topic, parts: { id } },
});

const cannotStart = () =>
	new VoiceError(
		'CONTROL_UNKNOWN',
		'A flow cannot open the microphone of a web page',
		'press the button in the page; a flow can only stop or reset what is being said',
	);
