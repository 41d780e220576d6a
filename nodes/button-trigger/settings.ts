import { VoiceError } from '../../lib/node/errors.ts';
import { migrate } from '../../lib/node/migrate.ts';
import { SettingsReader } from '../../lib/node/settings.ts';
import type { GestureSettings } from './gestures.ts';
import type { LineRequest } from './lines/line.ts';
import { MIGRATIONS } from './migrations.ts';
import { ACTIVE, BACKENDS, type Backend, PULLS, pinProblem, TIMES, type TimeName } from './rules.ts';

export interface ButtonSettings extends GestureSettings, LineRequest {
	backend: Backend;
	activeHigh: boolean;
}

export const DEFAULT_GESTURES: GestureSettings = {
	debounceMs: TIMES.debounceMs.value,
	doubleClickMs: TIMES.doubleClickMs.value,
	longPressMs: TIMES.longPressMs.value,
	maxHoldMs: TIMES.maxHoldMs.value,
};

/**
 * Reads the settings as they are stored in a flow; what a simulated button has no use for is not looked at.
 * @throws VoiceError GPIO_UNAVAILABLE or GPIO_LINE_NOT_FOUND for what cannot be used
 */
export function readSettings(config: object): ButtonSettings {
	const read = new SettingsReader(migrate(config, MIGRATIONS), 'GPIO_UNAVAILABLE');
	const ms = (name: TimeName) => read.number(name, TIMES[name].value, { max: TIMES[name].max });
	const backend = read.choice('backend', BACKENDS, 'auto');
	const gestures = {
		doubleClickMs: ms('doubleClickMs'),
		longPressMs: ms('longPressMs'),
		maxHoldMs: ms('maxHoldMs'),
	};
	if (backend === 'simulated')
		return { ...DEFAULT_GESTURES, ...gestures, backend, pin: '', activeHigh: true, pull: 'none' };
	const settings: ButtonSettings = {
		...gestures,
		backend,
		pin: read.text('pin'),
		activeHigh: read.choice('active', ACTIVE, 'high') === 'high',
		pull: read.choice('pull', PULLS, 'none'),
		debounceMs: ms('debounceMs'),
	};
	// What else a backend cannot do it says itself.
	if (pinProblem(backend, settings.pin) === 'noPin')
		throw new VoiceError(
			'GPIO_LINE_NOT_FOUND',
			'The button has no pin',
			'set the pin to its BCM number such as 17, or use the backend "simulated"',
		);
	return settings;
}
