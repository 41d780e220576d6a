import type { PcmFormat } from '../../lib/audio/format.ts';
import type { Clock } from '../../lib/node/clock.ts';
import type { VoiceError } from '../../lib/node/errors.ts';
import type { MicCommand, MicEvents, MicMachine, MicState } from './machine.ts';
import { Microphone } from './microphone.ts';
import type { Mute } from './mute.ts';
import { Reopening } from './reopening.ts';
import type { Capture, SourceEvents } from './sources/source.ts';
import type { StreamLabel, Take } from './take.ts';

/** Opens the device anew. */
export type OpenDevice = (events: SourceEvents) => Promise<Capture>;

/** What machines with one device have in common: the device, which may go away and come back, and one stream at most. */
export abstract class DeviceMachine implements MicMachine {
	protected readonly events: MicEvents;
	protected readonly microphone: Microphone;
	protected readonly reopening: Reopening;
	protected take: Take | undefined;

	/** @param settings `historyMs`: how much of the past the microphone is to keep */
	constructor(
		settings: { format: PcmFormat; historyMs: number; mute?: Mute },
		open: OpenDevice,
		time: Clock,
		events: MicEvents,
	) {
		this.events = events;
		this.microphone = new Microphone(
			{ ...settings, open, time },
			{
				opened: () => {
					this.reopening.opened();
					this.opened();
				},
				audio: (pcm, position) => this.audio(pcm, position),
				dropped: (ms) => events.dropped(ms),
				ended: () => this.ended(),
				failed: (error) => this.failed(error),
			},
		);
		this.reopening = new Reopening(time, () => this.microphone.open());
	}

	get state(): MicState {
		if (this.take) return 'recording';
		const { state } = this.microphone;
		return state === 'open' ? 'armed' : state;
	}

	get deviceOpen(): boolean {
		return this.microphone.state === 'open';
	}

	get failing(): boolean {
		return this.reopening.failing;
	}

	get durationMs(): number {
		return this.take?.durationMs ?? 0;
	}

	abstract readonly silent: boolean;
	abstract command(word: MicCommand, label: StreamLabel): void;
	abstract reset(): void;
	abstract close(): Promise<void>;

	// Of the device, as in MicrophoneEvents.
	protected abstract opened(): void;
	protected abstract audio(pcm: Buffer, position: number): void;
	protected abstract ended(): void;
	protected abstract failed(error: VoiceError): void;
}
