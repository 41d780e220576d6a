/** A sound device, as the edit dialog lists it. */
export interface DeviceName {
	/** What the setting `device` takes, and the backend that listed it: exact. */
	name: string;
	description: string;
}
