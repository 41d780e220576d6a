/**
 * Loaded into Node-RED's process (`--import`) where a day of audio is to pass in minutes: from the first word on the
 * socket whose path is in VOICE_SOAK_TIME, `performance.now()` and the timers of that process stand still, and each
 * line there, a number, lets time pass up to so many milliseconds after that moment.
 *
 * Sockets, files and the timers inside Node.js itself go on in real time, and so do timers that were there before.
 */
import { createServer } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';

/** Time passes in steps of so much; what is due within one comes in its order. */
const STEP_MS = 200;

type Action = (...args: unknown[]) => void;

/** What setTimeout and setInterval return. */
class HandTimer {
	due: number;
	readonly action: () => void;
	readonly everyMs: number | undefined;
	readonly #id: number;

	constructor(id: number, due: number, action: () => void, everyMs?: number) {
		this.#id = id;
		this.due = due;
		this.action = action;
		this.everyMs = everyMs;
	}

	ref(): this {
		return this;
	}

	unref(): this {
		return this;
	}

	hasRef(): boolean {
		return true;
	}

	[Symbol.toPrimitive](): number {
		return this.#id;
	}
}

const real = {
	now: performance.now.bind(performance),
	setTimeout: globalThis.setTimeout,
	setInterval: globalThis.setInterval,
	clearTimeout: globalThis.clearTimeout,
	clearInterval: globalThis.clearInterval,
};
const waiting = new Set<HandTimer>();
let begin = 0;
let now = 0;
let until = 0;
let count = 0;
let isPassing = false;

function takeOver(): void {
	begin = now = until = real.now();
	const add = (action: Action, ms: unknown, args: unknown[], repeats: boolean) => {
		const delay = Math.max(1, Number(ms) || 0);
		const timer = new HandTimer(++count, now + delay, () => action(...args), repeats ? delay : undefined);
		waiting.add(timer);
		return timer;
	};
	const remove = (clear: (timer: never) => void) => (timer: unknown) => {
		if (timer instanceof HandTimer) waiting.delete(timer);
		else clear(timer as never);
	};
	performance.now = () => now;
	Object.assign(globalThis, {
		setTimeout: (action: Action, ms?: number, ...args: unknown[]) => add(action, ms, args, false),
		setInterval: (action: Action, ms?: number, ...args: unknown[]) => add(action, ms, args, true),
		clearTimeout: remove(real.clearTimeout),
		clearInterval: remove(real.clearInterval),
	});
}

function giveBack(): void {
	const { setTimeout, setInterval, clearTimeout, clearInterval } = real;
	Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
	const gap = real.now() - now;
	performance.now = () => real.now() - gap;
	for (const timer of waiting) setTimeout(timer.action, timer.due - now).unref();
	waiting.clear();
}

/** Runs what is due, and gives everything else a turn after each step. */
async function pass(): Promise<void> {
	if (isPassing) return;
	isPassing = true;
	while (now < until) {
		const end = Math.min(until, now + STEP_MS);
		for (let timer = earliest(end); timer; timer = earliest(end)) {
			now = Math.max(now, timer.due);
			if (timer.everyMs === undefined) waiting.delete(timer);
			else timer.due += timer.everyMs;
			timer.action();
			await undefined;
		}
		now = end;
		await turn();
	}
	isPassing = false;
}

function earliest(end: number): HandTimer | undefined {
	let first: HandTimer | undefined;
	for (const timer of waiting) if (timer.due <= end && (!first || timer.due < first.due)) first = timer;
	return first;
}

const path = process.env['VOICE_SOAK_TIME'];
if (path && process.argv[1]?.endsWith('node-red-child.js')) {
	createServer((socket) => {
		takeOver();
		socket.on('error', () => {});
		// Whoever moved it has gone: everything is to come to its end.
		socket.on('close', giveBack);
		createInterface({ input: socket }).on('line', (line) => {
			until = begin + Number(line);
			void pass();
		});
	})
		.listen(path)
		.unref();
}
