import type { Node, NodeAPI, NodeDef } from 'node-red';
import { controlWord, isData, isReset } from '../../lib/node/control.ts';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import { NodeGuard } from '../../lib/node/guard.ts';
import { warnOfNewer } from '../../lib/node/migrate.ts';
import { SettingsReader } from '../../lib/node/settings.ts';
import { flowsStarted, type WhenStarted } from '../../lib/node/started.ts';
import { StatusLine } from '../../lib/node/status.ts';
import { type ButtonEvent, Gestures } from './gestures.ts';
import { LineKeeper } from './line-keeper.ts';
import { serveLineList } from './line-list.ts';
import { openers } from './lines/backends.ts';
import { MIGRATIONS } from './migrations.ts';
import { type ButtonSettings, DEFAULT_GESTURES, readSettings } from './settings.ts';

const TYPE = 'button-trigger';
/** One button: joins the line, the state machine and the node's messages and status. */
class Button {
	readonly #guard: NodeGuard;
	readonly #status: StatusLine;
	readonly #topic: string;
	readonly #gestures: Gestures;
	readonly #keeper: LineKeeper | undefined;
	/** What the status line shows while the button is up. */
	#showLine = () => this.#status.show('connecting', 'opening');

	constructor(node: Node, config: NodeDef, RED: NodeAPI, whenStarted: WhenStarted) {
		this.#status = new StatusLine(node, RED._, TYPE);
		this.#guard = new NodeGuard(node, { fallback: 'GPIO_UNAVAILABLE', status: this.#status });
		const read = new SettingsReader(config, 'GPIO_UNAVAILABLE');
		this.#topic = read.text('topic') || read.text('name');
		// Wrong settings cost the line, not the button: messages and the editor still press it.
		let settings: ButtonSettings | undefined;
		let start: () => void;
		try {
			settings = readSettings(config);
			this.#keeper = this.#keepLine(settings);
			start = () => this.#keeper?.start();
		} catch (error) {
			const reason = toVoiceError(error, 'GPIO_UNAVAILABLE', 'Reading the settings');
			start = () => this.#fail(reason, true);
		}
		this.#gestures = new Gestures(settings ?? DEFAULT_GESTURES, (event) => this.#tell(event));
		this.#showLine();
		// A Catch node hears of errors only once all flows run.
		const cancel = whenStarted(start);
		this.#guard.onInput((message) => this.#control(message));
		this.#guard.onClose(async () => {
			cancel();
			// First: whoever heard the press and lives on must hear the release.
			this.#gestures.close();
			await this.#keeper?.close();
		});
	}

	toggle(): void {
		this.#gestures.toggle();
	}

	#fail(error: VoiceError, isNew: boolean): void {
		if (isNew) this.#guard.report(error);
		this.#showLine = () => this.#status.show('error', `code.${error.code}`);
		this.#show();
	}

	#keepLine({ backend, activeHigh, pin, pull }: ButtonSettings): LineKeeper {
		return new LineKeeper(
			openers[backend],
			{ pin, pull },
			{
				opened: (high) => {
					this.#gestures.lineOpened(high === undefined ? undefined : high === activeHigh);
					this.#showLine = () => this.#status.show('idle', backend === 'simulated' ? 'simulated' : 'ready');
					this.#show();
				},
				level: (high) => this.#gestures.lineLevel(high === activeHigh),
				lost: (error, isNew) => {
					this.#fail(error, isNew);
					this.#gestures.lineLost();
				},
				failed: (error, isNew) => this.#fail(error, isNew),
			},
		);
	}

	#control(message: Record<string, unknown>): void {
		if (isReset(message)) {
			this.#gestures.forceRelease();
			return;
		}
		if (isData(message))
			throw new VoiceError(
				'CONTROL_UNKNOWN',
				'A message with audio, a transcript or session news reached a button',
				'send true, false or "toggle"',
			);
		const word = controlWord(message, ['start', 'stop', 'toggle']);
		if (word === 'start') this.#gestures.press();
		else if (word === 'stop') this.#gestures.release();
		else this.#gestures.toggle();
	}

	/** Output 1: what a microphone is wired to. Output 2: gestures. */
	#tell(event: ButtonEvent): void {
		const topic = this.#topic;
		if (event.event === 'press' || event.event === 'release')
			this.#guard.send(0, { payload: event.event === 'press', button: { ...event }, topic });
		else this.#guard.send(1, { payload: event.event, button: { ...event }, topic });
		this.#show();
	}

	#show(): void {
		if (this.#gestures.pressed) this.#status.show('active', 'pressed');
		else this.#showLine();
	}
}

export default function (RED: NodeAPI): void {
	const buttons = new WeakMap<Node, Button>();

	const whenStarted = flowsStarted(RED);

	RED.nodes.registerType(TYPE, function (this: Node, config: NodeDef) {
		RED.nodes.createNode(this, config);
		warnOfNewer(this, config, MIGRATIONS);
		buttons.set(this, new Button(this, config, RED, whenStarted));
	});

	serveLineList(RED);

	// The editor's button; answers like core's inject.
	RED.httpAdmin.post(
		'/voice/button-trigger/:id',
		RED.auth.needsPermission('button-trigger.write'),
		(req, res) => {
			const node = RED.nodes.getNode(String(req.params['id']));
			const button = node && buttons.get(node as Node);
			if (!button) {
				res.sendStatus(404);
				return;
			}
			button.toggle();
			res.sendStatus(200);
		},
	);
}
