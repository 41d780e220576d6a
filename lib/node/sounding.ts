/**
 * Which loudspeakers of this Node-RED sound at the moment, for microphones that must not hear them. Speakers and
 * microphones do not know one another.
 */
const speakers = new Set<object>();
const listeners = new Set<(sounding: boolean) => void>();

/** Says whether a loudspeaker sounds; `speaker` is anything that stands for it. Saying it twice changes nothing. */
export function setSounding(speaker: object, sounding: boolean): void {
	const before = speakers.size > 0;
	if (sounding) speakers.add(speaker);
	else speakers.delete(speaker);
	if (before === speakers.size > 0) return;
	for (const listener of [...listeners]) listener(!before);
}

/** Calls `listener` when the first loudspeaker begins and when the last has ended; at once, if one sounds now. */
export function onSounding(listener: (sounding: boolean) => void): () => void {
	listeners.add(listener);
	if (speakers.size) listener(true);
	return () => void listeners.delete(listener);
}
