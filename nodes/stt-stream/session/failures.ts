import { SuddenEnd, VoiceError } from '../providers/provider.ts';
import { EARLY_ENDS_MAX } from './backoff.ts';

// What a session itself finds wrong, whatever the recogniser. `peer` is who it is about.

/** The recogniser ended a session although there was more to come, and gave no reason. */
export function unexplainedEnd(peer: string): SuddenEnd {
	const problem = `${peer} ended the session before the audio did`;
	return new SuddenEnd('STT_PROTOCOL', problem, 'check the endpoint, the key and what the account may do');
}

export function notOpened(peer: string, ms: number): VoiceError {
	const problem = `${peer} did not open a session within ${ms} ms`;
	const remedy = 'check the connection to the recogniser, or raise the connect time-out';
	return new VoiceError('STT_TIMEOUT', problem, remedy, { retryable: true });
}

export function notEnded(peer: string, ms: number): VoiceError {
	const problem = `${peer} did not end a session within ${ms} ms`;
	const remedy = 'see whether the recogniser is overloaded';
	return new VoiceError('STT_TIMEOUT', problem, remedy, { retryable: true });
}

export function silentAfterEnd(peer: string, ms: number): VoiceError {
	const problem = `${peer} was silent for ${ms} ms after the end of the audio`;
	const remedy = 'raise the limit for the last final, or see whether the recogniser is overloaded';
	return new VoiceError('STT_TIMEOUT', problem, remedy, { retryable: true });
}

/** It ends every session at once: nothing that time heals. */
export function hopeless({ code, problem, remedy }: VoiceError): VoiceError {
	return new VoiceError(code, `${problem}, ${EARLY_ENDS_MAX} times in a row`, remedy);
}

/** The failure that ends a stream after `attempts` to reconnect. */
export function gaveUp(error: VoiceError, attempts: number): VoiceError {
	if (!attempts) return error;
	const problem = `${error.problem}, also in ${attempts} more ${attempts === 1 ? 'attempt' : 'attempts'}`;
	return new VoiceError(error.code, problem, error.remedy, { retryable: true, cause: error });
}
