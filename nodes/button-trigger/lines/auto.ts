import { type OpenLine, VoiceError } from './line.ts';

/**
 * The first backend that this machine has: gpiomon, else onoff. Never the simulated one, which would hide that a
 * button does not work. What one of them says of the line itself (busy, not found) is not tried on the other.
 */
export function firstAvailable(gpiomon: OpenLine, onoff: OpenLine): OpenLine {
	return async (request, events) => {
		let first: VoiceError;
		try {
			return await gpiomon(request, events);
		} catch (error) {
			first = unavailable(error);
		}
		try {
			return await onoff(request, events);
		} catch (error) {
			const second = unavailable(error);
			throw new VoiceError(
				'GPIO_UNAVAILABLE',
				`No way to the GPIO lines. gpiomon: ${first.problem}. onoff: ${second.problem}`,
				'on a Raspberry Pi install gpiod (sudo apt install gpiod); on a machine without GPIO use the backend "simulated"',
				{ retryable: true },
			);
		}
	};
}

/** Passes GPIO_UNAVAILABLE on and throws everything else. */
function unavailable(error: unknown): VoiceError {
	if (error instanceof VoiceError && error.code === 'GPIO_UNAVAILABLE') return error;
	throw error;
}
