// The process in which onoff lives: its addon can throw past every handler, or hang. Started by onoff.ts.
import { closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gpio } from 'onoff';
import type { SerializedVoiceError } from '../../../lib/node/errors.ts';
import { serveParent } from '../../../lib/process/forked.ts';
import { VoiceError } from './line.ts';
import { noSysfs, SYSFS_GPIO, sysfsNumber } from './sysfs.ts';

/** What the child tells unasked: a new level, or that the line is gone. */
export type OnoffEvent = { id: number; high: boolean } | { id: number; error: SerializedVoiceError };

/** How often a line is read without any interrupt. */
const CHECK_MS = 500;

interface Watched {
	readonly gpio: Gpio;
	/** Somebody else exported it before us, so it is not ours to unexport. */
	readonly foreign: boolean;
	high: boolean;
}

const lines = new Map<number, Watched>();

const send = serveParent({ open, close }, toError);

async function open({ id, bcm }: { id: number; bcm: number }): Promise<boolean> {
	const { Gpio } = await loadOnoff();
	const number = sysfsNumber(bcm);
	const folder = join(SYSFS_GPIO, `gpio${number}`);
	const foreign = existsSync(folder);
	let gpio: Gpio | undefined;
	try {
		if (foreign && readFileSync(join(folder, 'direction'), 'utf8').trim() !== 'in') throw busy(bcm);
		gpio = new Gpio(number, 'in', 'both', { activeLow: false });
		// onoff keeps silent about what it could not set on a line that was exported before.
		if (gpio.edge() !== 'both' || gpio.activeLow()) throw busy(bcm);
		const line: Watched = { gpio, foreign, high: gpio.readSync() === 1 };
		gpio.watch((error, value) => {
			if (!error) changed(id, line, value === 1);
		});
		lines.set(id, line);
		return line.high;
	} catch (error) {
		if (gpio) release(gpio, foreign);
		// onoff's constructor may fail after the export.
		else if (!foreign && existsSync(folder)) writeFileSync(join(SYSFS_GPIO, 'unexport'), String(number));
		throw error instanceof VoiceError ? error : openError(error, bcm);
	}
}

function close({ id }: { id: number }): void {
	const line = lines.get(id);
	lines.delete(id);
	if (line) release(line.gpio, line.foreign);
}

/** onoff repeats a value when a glitch was shorter than its own reaction: an unchanged value is no event. */
function changed(id: number, line: Watched, high: boolean): void {
	if (high === line.high || lines.get(id) !== line) return;
	line.high = high;
	send('line', { id, high } satisfies OnoffEvent);
}

/**
 * Reads every line. A chip that is removed wakes nobody (reading says ENODEV), and an edge that got lost must not
 * leave a button pressed. Returns whether a line was lost.
 */
function check(): boolean {
	let anyLost = false;
	for (const [id, line] of [...lines]) {
		try {
			changed(id, line, line.gpio.readSync() === 1);
		} catch (error) {
			anyLost = true;
			lines.delete(id);
			// Not unexported: the number may belong to somebody else by now.
			release(line.gpio, true);
			send('line', { id, error: lostError(error).toJSON() } satisfies OnoffEvent);
		}
	}
	return anyLost;
}

setInterval(check, CHECK_MS);

// onoff reads the value in the addon's callback, where nobody can catch what that throws.
process.on('uncaughtException', (error) => {
	if (check()) return;
	console.error(String(error));
	process.exit(1);
});

// The parent closes lines before it ends us; when it cannot, they shall still not stay exported.
process.on('SIGTERM', () => {
	for (const { gpio, foreign } of lines.values()) release(gpio, foreign);
	process.exit(0);
});

function release(gpio: Gpio, foreign: boolean): void {
	try {
		if (!foreign) {
			gpio.unexport();
			return;
		}
		// onoff can only close a line by unexporting it; the descriptor is a private field.
		gpio.unwatchAll();
		const descriptor: unknown = Reflect.get(gpio, '_valueFd');
		if (typeof descriptor === 'number') closeSync(descriptor);
	} catch {
		// It is gone already.
	}
}

async function loadOnoff(): Promise<typeof import('onoff')> {
	try {
		return await import('onoff');
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException;
		const missing = code === 'ERR_MODULE_NOT_FOUND';
		const why = missing ? 'is not installed' : `cannot be loaded (${message.split('\n')[0]})`;
		throw new VoiceError(
			'GPIO_UNAVAILABLE',
			`The npm package onoff ${why}`,
			'install gpiod (sudo apt install gpiod) and use the backend "gpiomon", or run npm ' +
				`${missing ? 'install' : 'rebuild'} onoff in the user directory of Node-RED (needs g++, make, python3)`,
			{ retryable: true, cause },
		);
	}
}

function busy(bcm: number): VoiceError {
	return new VoiceError(
		'GPIO_BUSY',
		`GPIO ${bcm} is in use by another program`,
		'end that program (gpioinfo shows its name) or use another pin',
		{ retryable: true },
	);
}

/** What a failed system call of onoff means (errno of export, direction and edge in sysfs). */
function openError(cause: unknown, bcm: number): VoiceError {
	const { code, path = SYSFS_GPIO, message } = cause as NodeJS.ErrnoException;
	switch (code) {
		case 'EBUSY':
			return busy(bcm);
		case 'EACCES':
		case 'EPERM':
			return new VoiceError(
				'GPIO_PERMISSION',
				`The user of Node-RED may not use GPIO ${bcm} (${path})`,
				'add the user to the group gpio (sudo usermod -aG gpio "$USER") and restart Node-RED',
				{ cause },
			);
		case 'EINVAL':
			return new VoiceError(
				'GPIO_LINE_NOT_FOUND',
				`The kernel refuses GPIO ${bcm}`,
				'use another pin, one that gpioinfo shows as unused',
				{ cause },
			);
		case 'ENOENT':
			if (path.endsWith('export')) return noSysfs(cause);
			break;
	}
	const problem = path.endsWith('edge') ? 'it cannot report edges' : message;
	return new VoiceError('GPIO_UNAVAILABLE', `GPIO ${bcm} cannot be used (${problem})`, 'use another pin', {
		retryable: true,
		cause,
	});
}

function lostError(cause: unknown): VoiceError {
	const { code, message } = cause as NodeJS.ErrnoException;
	const problem = code === 'ENODEV' ? 'its chip was removed, or another program unexported it' : message;
	return new VoiceError('GPIO_UNAVAILABLE', problem, 'the node opens it again by itself once it is back', {
		retryable: true,
		cause,
	});
}

function toError(thrown: unknown): VoiceError {
	return thrown instanceof VoiceError ? thrown : openError(thrown, -1);
}
