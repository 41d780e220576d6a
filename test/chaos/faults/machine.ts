import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeWav } from '../../../lib/audio/wav.ts';
import { isAlive, type Proc } from '../../lab/descendants.ts';
import { RATE } from '../speech.ts';
import type { Fault, Scene } from './fault.ts';

/** Node-RED's helpers that do the work: not the shells that watch over them. */
const workers = ({ house }: Scene): Proc[] =>
	house.nodeRed.children().filter(({ command }) => !/^(\/bin\/)?sh /.test(command));

const brief = ({ pid, command }: Proc): string => `${pid} ${command.split(/[/ ]/).slice(-3).join(' ')}`;

const HOUR_S = 3600;
/** More than a disk without room can take. */
const LONG_SOUND = encodeWav([Buffer.alloc(2 * RATE * 2, 1)], { sampleRate: RATE, channels: 1 });

/** Of the machine: its sound, its processes, its disk, its clock. */
export const MACHINE_FAULTS: readonly Fault[] = [
	{
		name: 'sound server gone and back',
		weight: 3,
		ready: () => true,
		async strike({ house, card }, dice) {
			await house.card.kill();
			const ms = dice.between(0, 400);
			await sleep(ms);
			await house.card.restart();
			card.speak();
			return `for ${ms} ms`;
		},
	},
	{
		name: 'device unplugged and back',
		weight: 3,
		ready: () => true,
		async strike({ house, card }, dice) {
			await house.card.unplug();
			const ms = dice.between(0, 400);
			await sleep(ms);
			await house.card.plug();
			card.speak();
			return `for ${ms} ms`;
		},
	},
	{
		name: 'button pressed and let go',
		weight: 2,
		ready: ({ house }) => house.gpio !== undefined,
		async strike({ house }, dice) {
			const times = dice.between(1, 5);
			const ms = dice.between(0, 120);
			for (let left = 2 * times; left > 0; left--) {
				await house.press(left % 2 === 0);
				await sleep(ms);
			}
			return `${times} times for ${ms} ms`;
		},
	},
	{
		name: 'line taken and back',
		weight: 2,
		ready: ({ house }) => house.gpio !== undefined,
		async strike({ house }, dice) {
			const isHeld = house.holdLine(true);
			const ms = dice.between(0, 400);
			await sleep(ms);
			house.holdLine(false);
			return isHeld ? `for ${ms} ms` : 'for a moment';
		},
	},
	{
		name: 'child killed',
		weight: 4,
		ready: (scene) => workers(scene).length > 0,
		strike(scene, dice) {
			const victim = dice.pick(workers(scene));
			if (!victim || !isAlive(victim)) return 'it had ended';
			try {
				process.kill(victim.pid, 'SIGKILL');
			} catch {
				return 'it had ended';
			}
			return brief(victim);
		},
	},
	{
		name: 'child stopped and continued',
		weight: 3,
		ready: (scene) => workers(scene).length > 0,
		strike(scene, dice) {
			const { house } = scene;
			const victim = dice.pick(workers(scene));
			if (!victim || !isAlive(victim)) return 'it had ended';
			try {
				process.kill(victim.pid, 'SIGSTOP');
			} catch {
				return 'it had ended';
			}
			house.frozen.add(victim);
			const ms = dice.between(50, 1500);
			const timer = setTimeout(() => house.thaw(victim), ms);
			scene.heal.push(() => {
				clearTimeout(timer);
				house.thaw(victim);
			});
			return `${brief(victim)} for ${ms} ms`;
		},
	},
	{
		name: 'disk full',
		weight: 3,
		ready: () => true,
		async strike(scene, dice) {
			const filler = join(scene.house.disk, 'filler');
			const remove = () => rmSync(filler, { force: true });
			remove();
			try {
				// More than there is room for: it takes all of it.
				writeFileSync(filler, Buffer.alloc(1 << 20));
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
			}
			scene.heal.push(remove);
			const ms = dice.between(100, 1500);
			const timer = setTimeout(remove, ms);
			scene.heal.push(() => clearTimeout(timer));
			// Recordings come when somebody has stopped speaking: by then there would be room again.
			await scene.house.nodeRed.send('play-file', { topic: 'chaos', payload: LONG_SOUND });
			return `for ${ms} ms`;
		},
	},
	{
		name: 'clock jumps',
		weight: 3,
		ready: ({ house }) => house.clockFile !== undefined,
		strike({ house }, dice) {
			const days = dice.between(-400, 400);
			const seconds = dice.pick([days, days * HOUR_S, days * 24 * HOUR_S, 0]);
			writeFileSync(house.clockFile ?? '', `${seconds < 0 ? '' : '+'}${seconds}\n`);
			return `to ${seconds} s from now`;
		},
	},
];
