import { systemClock } from '../../lib/node/clock.ts';
import { controlWord, isData, isReset } from '../../lib/node/control.ts';
import type { OpenDevice } from './device-machine.ts';
import { HandsFree } from './hands-free.ts';
import type { MicCommand, MicEvents, MicMachine } from './machine.ts';
import type { Message, MicContext, MicNode } from './mic-node.ts';
import { Mute } from './mute.ts';
import { Recorder } from './recorder.ts';
import type { Chunk } from './take.ts';

const STATUS_MS = 500;

/** A microphone with one device, or a file in place of one: brings its machine's events to outputs and status. */
export class DeviceNode implements MicNode {
	readonly #context: MicContext;
	readonly #machine: MicMachine;
	readonly #mute: Mute | undefined;
	#timer: NodeJS.Timeout | undefined;
	#droppedMs = 0;

	constructor(context: MicContext, open: OpenDevice) {
		this.#context = context;
		const { settings, outputs, guard, label } = context;
		this.#mute = settings.muteWhilePlaying ? new Mute(systemClock) : undefined;
		const { autostart, ...own } = { ...settings, ...(this.#mute && { mute: this.#mute }) };
		const events: MicEvents = {
			chunk: (chunk) => this.#chunk(chunk),
			abandoned: (stream) => outputs.abandoned(stream),
			error: (error, stream) => guard.report(error, stream?.cause),
			dropped: (ms) => {
				this.#droppedMs += ms;
			},
			changed: () => this.#show(),
		};
		if (settings.trigger === 'speech')
			this.#machine = new HandsFree({ ...own, label }, open, systemClock, events);
		else {
			const unasked = autostart ? { autostart: () => label({}) } : {};
			this.#machine = new Recorder({ ...own, ...unasked }, open, systemClock, events);
		}
		this.#show();
	}

	input(message: Message): void {
		if (isReset(message)) this.#machine.reset();
		else if (!isData(message)) {
			const word = controlWord(message, ['start', 'stop', 'toggle']) as MicCommand;
			this.#machine.command(word, this.#context.label(message));
		}
	}

	async close(): Promise<void> {
		await this.#machine.close();
		this.#mute?.close();
		clearInterval(this.#timer);
	}

	#chunk(chunk: Chunk): void {
		if (chunk.index === 0) this.#droppedMs = 0;
		this.#context.outputs.chunk(chunk);
		if (chunk.ended !== undefined && this.#droppedMs)
			this.#context.node.warn(
				`The machine was too busy: the sound card threw away ${Math.ceil(this.#droppedMs)} ms of this stream`,
			);
	}

	#show(): void {
		const { status } = this.#context;
		const { state, deviceOpen, failing } = this.#machine;
		const running = state === 'recording' || state === 'stopping';
		if (running && !this.#timer) this.#timer = setInterval(() => this.#show(), STATUS_MS);
		if (!running && this.#timer) {
			clearInterval(this.#timer);
			this.#timer = undefined;
		}
		if (running && deviceOpen) this.#showRunning();
		else if (running) status.show('connecting', 'opening');
		// The reason of a failure stays until the device works again.
		else if (failing) return;
		else if (state === 'opening') status.show('connecting', 'opening');
		else if (state === 'armed') this.#showArmed();
		else status.show('idle', 'idle');
	}

	#showArmed(): void {
		const { status, settings } = this.#context;
		if (this.#machine.silent) status.show('warning', 'noSound');
		else status.show('idle', settings.trigger === 'speech' ? 'waiting' : 'ready');
	}

	#showRunning(): void {
		const { status, outputs } = this.#context;
		const { durationMs, silent } = this.#machine;
		const seconds = (durationMs / 1000).toFixed(durationMs < 1e6 ? 1 : 0);
		if (silent) status.show('warning', 'silent', { seconds });
		else if (outputs.cut) status.show('warning', 'cut', { seconds });
		else status.show('active', 'recording', { seconds });
	}
}
