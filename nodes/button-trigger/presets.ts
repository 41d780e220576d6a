import { TIMES } from './rules.ts';

export interface Preset {
	pin: string;
	active: 'high' | 'low';
	pull: 'none' | 'up' | 'down';
	debounceMs: number;
}

/** Buttons that people have; both boards bring the resistor that the button needs. */
export const PRESETS: Readonly<Record<'groveD5' | 'respeaker2', Preset>> = {
	/** Grove button on socket D5 of the Grove Base Hat, which is GPIO 5. wiki.seeedstudio.com/Grove_Base_Hat_for_Raspberry_Pi */
	groveD5: { pin: '5', active: 'high', pull: 'none', debounceMs: TIMES.debounceMs.value },
	/** The button on the ReSpeaker 2-Mics Pi HAT. wiki.seeedstudio.com/ReSpeaker_2_Mics_Pi_HAT */
	respeaker2: { pin: '17', active: 'low', pull: 'none', debounceMs: TIMES.debounceMs.value },
};
