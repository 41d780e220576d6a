import type { Node, NodeAPI, NodeDef } from 'node-red';
import { topicOf } from '../../lib/node/audio-message.ts';
import { systemClock } from '../../lib/node/clock.ts';
import { controlWord, isData, isReset } from '../../lib/node/control.ts';
import type { VoiceError } from '../../lib/node/errors.ts';
import { fileToRead } from '../../lib/node/files.ts';
import { NodeGuard } from '../../lib/node/guard.ts';
import { chunkMessage, resetMessage } from '../../lib/node/messages.ts';
import { flowsStarted } from '../../lib/node/started.ts';
import { StatusLine } from '../../lib/node/status.ts';
import { searchNaudiodonIn } from '../../lib/portaudio/client.ts';
import { serveDeviceList } from './device-list.ts';
import { HandsFree } from './hands-free.ts';
import type { MicEvents, MicMachine } from './machine.ts';
import { Mute } from './mute.ts';
import { Recorder } from './recorder.ts';
import { Recording } from './recording.ts';
import { type MicSettings, readSettings } from './settings.ts';
import { createSource } from './sources/index.ts';
import type { Capture, SourceEvents } from './sources/source.ts';
import type { Chunk, StreamLabel } from './take.ts';

type Message = Readonly<Record<string, unknown>>;
type OpenSource = (events: SourceEvents) => Promise<Capture>;

const STATUS_MS = 500;
const AUDIO = 0;
const RECORDING = 1;

export default function micCapture(RED: NodeAPI): void {
	const { userDir } = RED.settings;
	if (userDir) searchNaudiodonIn(userDir);
	serveDeviceList(RED);
	const whenStarted = flowsStarted(RED);

	RED.nodes.registerType('mic-capture', function (this: Node, config: NodeDef & { topic?: unknown }) {
		RED.nodes.createNode(this, config);
		const status = new StatusLine(this, RED._, 'mic-capture');
		const guard = new NodeGuard(this, { fallback: 'MIC_FORMAT', status, whenStarted });
		const name = String(config.topic || this.name || '');
		const label = (message: Message): StreamLabel => ({
			id: RED.util.generateId(),
			topic: topicOf(message) || name,
			cause: message,
		});
		let settings: MicSettings;
		try {
			settings = readSettings(config);
		} catch (thrown) {
			// The node stays, so that whoever starts it hears why it cannot.
			guard.report(thrown);
			guard.onInput((message) => {
				if (!isData(message)) throw thrown;
			});
			return;
		}
		const source = createSource(settings.source);
		const open: OpenSource = (events) =>
			source.open({ ...settings.input, file: fileToRead(settings.input.file, RED.settings) }, events);
		const microphone = new MicNode(this, guard, status, settings, open, (cause) => label(cause));
		guard.onInput((message) => {
			if (isReset(message)) microphone.machine.reset();
			else if (!isData(message))
				microphone.machine.command(
					controlWord(message, ['start', 'stop', 'toggle']) as 'start' | 'stop' | 'toggle',
					label(message),
				);
		});
		guard.onClose(() => microphone.close());
	});
}

/** Brings a recorder's events to the outputs and to the status line. */
class MicNode {
	readonly machine: MicMachine;
	readonly #mute: Mute | undefined;
	readonly #node: Node;
	readonly #guard: NodeGuard;
	readonly #status: StatusLine;
	readonly #settings: MicSettings;
	#recording: Recording | undefined;
	#timer: NodeJS.Timeout | undefined;
	#droppedMs = 0;

	constructor(
		node: Node,
		guard: NodeGuard,
		status: StatusLine,
		settings: MicSettings,
		open: OpenSource,
		label: (cause: Message) => StreamLabel,
	) {
		this.#node = node;
		this.#guard = guard;
		this.#status = status;
		this.#settings = settings;
		this.#mute = settings.muteWhilePlaying ? new Mute(systemClock) : undefined;
		const { autostart, ...own } = { ...settings, ...(this.#mute && { mute: this.#mute }) };
		const events: MicEvents = {
			chunk: (chunk) => {
				// Also called by timers, out of which nothing may be thrown.
				try {
					this.#chunk(chunk);
				} catch (thrown) {
					guard.report(thrown, chunk.label.cause);
				}
			},
			abandoned: (stream) => this.#abandoned(stream),
			error: (error, stream) => this.#error(error, stream),
			dropped: (ms) => {
				this.#droppedMs += ms;
			},
			changed: () => this.#show(),
		};
		if (settings.trigger === 'speech')
			this.machine = new HandsFree({ ...own, label }, open, systemClock, events);
		else {
			const unasked = autostart ? { autostart: () => label({}) } : {};
			this.machine = new Recorder({ ...own, ...unasked }, open, systemClock, events);
		}
		this.#show();
	}

	async close(): Promise<void> {
		await this.machine.close();
		this.#mute?.close();
		clearInterval(this.#timer);
		this.#status.clear();
	}

	#chunk(chunk: Chunk): void {
		const { format, recordMaxMs } = this.#settings;
		const { label, ended } = chunk;
		if (chunk.index === 0) {
			this.#droppedMs = 0;
			this.#recording = this.#wired(RECORDING) ? new Recording(label, format, recordMaxMs) : undefined;
		}
		const recording = this.#recording;
		if (recording?.push(chunk.pcm))
			this.#node.warn(
				`The recording is longer than recordMaxMs: only its first ${recordMaxMs / 1000} s are kept`,
			);
		this.#guard.send(AUDIO, chunkMessage({ ...chunk, stream: label.id, topic: label.topic, format }));
		if (ended === undefined) return;
		this.#recording = undefined;
		if (recording) this.#guard.send(RECORDING, recording.message());
		if (this.#droppedMs)
			this.#node.warn(
				`The machine was too busy: the sound card threw away ${Math.ceil(this.#droppedMs)} ms of this stream`,
			);
	}

	#abandoned({ id, topic }: StreamLabel): void {
		this.#recording = undefined;
		this.#guard.send(AUDIO, resetMessage(id, topic));
	}

	#error(error: VoiceError, stream: StreamLabel | undefined): void {
		this.#guard.report(error, stream?.cause);
	}

	#wired(port: number): boolean {
		const { wires } = this.#node as unknown as { wires?: unknown[][] };
		return (wires?.[port]?.length ?? 0) > 0;
	}

	#show(): void {
		const { state, deviceOpen, failing } = this.machine;
		const running = state === 'recording' || state === 'stopping';
		if (running && !this.#timer) this.#timer = setInterval(() => this.#show(), STATUS_MS);
		if (!running && this.#timer) {
			clearInterval(this.#timer);
			this.#timer = undefined;
		}
		if (running && deviceOpen) this.#showRunning();
		else if (running) this.#status.show('connecting', 'opening');
		// The reason of a failure stays until the device works again.
		else if (failing) return;
		else if (state === 'opening') this.#status.show('connecting', 'opening');
		else if (state === 'armed') this.#showArmed();
		else this.#status.show('idle', 'idle');
	}

	#showArmed(): void {
		if (this.machine.silent) this.#status.show('warning', 'noSound');
		else this.#status.show('idle', this.#settings.trigger === 'speech' ? 'waiting' : 'ready');
	}

	#showRunning(): void {
		const { durationMs, silent } = this.machine;
		const seconds = (durationMs / 1000).toFixed(durationMs < 1e6 ? 1 : 0);
		if (silent) this.#status.show('warning', 'silent', { seconds });
		else if (this.#recording?.truncated) this.#status.show('warning', 'cut', { seconds });
		else this.#status.show('active', 'recording', { seconds });
	}
}
