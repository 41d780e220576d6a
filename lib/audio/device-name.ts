/** Hz: one, or all from the first to the second. */
export type Rate = number | readonly [number, number];

/** A sound device, as the edit dialog lists it. */
export interface DeviceName {
	/** What the setting `device` takes, and the backend that listed it: exact. */
	name: string;
	description: string;
	/** Opened where no name is set. */
	isDefault?: boolean;
	/** It takes these by itself, as far as that is known without opening it. */
	rates?: readonly Rate[];
}
