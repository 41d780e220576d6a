import { EARLY_ENDS_MAX } from './backoff.ts';
import { VoiceError } from './providers/provider.ts';

/** The recogniser ended a session although there was more to come, and gave no reason. */
export class UnexplainedEnd extends VoiceError {
	constructor() {
		const problem = 'The recogniser ended the session before the audio did';
		super('STT_PROTOCOL', problem, 'start the stream again', { retryable: true });
	}
}

export function silentAfterEnd(ms: number): VoiceError {
	const problem = `The recogniser was silent for ${ms} ms after the end of the audio`;
	const remedy = 'raise the limit for the last final, or see whether the recogniser is overloaded';
	return new VoiceError('STT_TIMEOUT', problem, remedy, { retryable: true });
}

/** It ends every session at once: nothing that time heals. */
export function refused(): VoiceError {
	const problem = `The recogniser ended ${EARLY_ENDS_MAX} sessions in a row at once and without a reason`;
	return new VoiceError('STT_PROTOCOL', problem, 'check the endpoint, the key and what the account may do');
}

/** The failure that ends a stream after `attempts` to reconnect. */
export function gaveUp(error: VoiceError, attempts: number): VoiceError {
	if (!attempts) return error;
	const problem = `${error.problem}, also in ${attempts} more attempts`;
	return new VoiceError(error.code, problem, error.remedy, { retryable: true, cause: error });
}
