import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startGpio, type VirtualGpio } from './gpio.ts';
import { needs } from './needs.ts';

const skip = needs('fuse', 'mount-namespace', 'onoff');
const BASE = 569;

type Answer = { value?: number; error?: string; done?: unknown };

/** A process inside with the real onoff (onoff-child.ts). */
function startOnoff(gpio: VirtualGpio) {
	const script = fileURLToPath(new URL('./onoff-child.js', import.meta.url));
	const [command, args] = gpio.wrap(process.execPath, [script]);
	const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
	const answers: Answer[] = [];
	child.on('message', (answer: Answer) => answers.push(answer));
	const next = async (): Promise<Answer> => {
		while (answers.length === 0) await once(child, 'message');
		return answers.shift()!;
	};
	const ask = (...request: unknown[]) => {
		child.send(request);
		return next();
	};
	return { child, next, ask, idle: () => answers.length === 0 };
}

test('a virtual GPIO', { skip, timeout: 60_000 }, async (t) => {
	let gpio: VirtualGpio;
	let onoff: ReturnType<typeof startOnoff>;
	before(async () => {
		gpio = await startGpio({
			chips: [
				{ base: 0, ngpio: 8, label: 'raspberrypi-exp-gpio' },
				{ base: 512, ngpio: 32, label: 'gpio-brcmstb@107d508500' },
				{ base: BASE, ngpio: 54, label: 'pinctrl-rp1' },
			],
		});
		onoff = startOnoff(gpio);
	});
	after(async () => {
		onoff.child.kill('SIGKILL');
		await gpio.stop();
	});

	await t.test('lists its chips, to processes inside only', async () => {
		assert.deepEqual(await onoff.ask('chips'), {
			done: {
				gpiochip0: { base: '0', ngpio: '8', label: 'raspberrypi-exp-gpio' },
				gpiochip512: { base: '512', ngpio: '32', label: 'gpio-brcmstb@107d508500' },
				gpiochip569: { base: '569', ngpio: '54', label: 'pinctrl-rp1' },
			},
		});
		assert.equal(existsSync('/sys/class/gpio/.ctl'), false);
	});

	await t.test('onoff sees 50 edges, each with its value', async () => {
		assert.deepEqual(await onoff.ask('watch', BASE + 17, 'both', { activeLow: true }), { done: 0 });
		assert.deepEqual(gpio.exported(), [BASE + 17]);
		assert.equal(gpio.read(BASE + 17, 'edge'), 'both');
		for (let i = 0; i < 50; i++) {
			const pressed = i % 2 === 0;
			gpio.set(BASE + 17, pressed ? 0 : 1);
			assert.deepEqual(await onoff.next(), { value: pressed ? 1 : 0 }, `edge ${i}`);
		}
		gpio.set(BASE + 17, 1); // no change of level, no edge
		assert.deepEqual(await onoff.ask('read', BASE + 17), { done: 0 });
		assert.ok(onoff.idle(), 'no other edge came');
	});

	await t.test('one edge only', async () => {
		await onoff.ask('watch', BASE + 4, 'falling', {});
		gpio.set(BASE + 4, 0);
		assert.deepEqual(await onoff.next(), { value: 0 });
		gpio.set(BASE + 4, 1);
		assert.deepEqual(await onoff.ask('read', BASE + 4), { done: 1 });
		assert.ok(onoff.idle(), 'the rising edge is not reported');
		assert.deepEqual(await onoff.ask('unexport', BASE + 4), { done: null });
		assert.deepEqual(gpio.exported(), [BASE + 17]);
	});

	await t.test('an output drives its pin', async () => {
		assert.deepEqual(await onoff.ask('output', 3, 1), { done: 1 });
		assert.equal(gpio.read(3, 'direction'), 'out');
		await onoff.ask('unexport', 3);
	});

	await t.test('refuses as the kernel does', async () => {
		assert.deepEqual(await onoff.ask('watch', 17, 'both', {}), { error: 'EINVAL' }, 'a BCM number');
		gpio.hold(BASE + 5, true);
		assert.deepEqual(await onoff.ask('watch', BASE + 5, 'both', {}), { error: 'EBUSY' });
		gpio.hold(BASE + 5, false);
		assert.deepEqual(await onoff.ask('watch', BASE + 5, 'both', {}), { done: 1 });
		assert.throws(() => gpio.hold(BASE + 5, true), { code: 'EBUSY' });
		assert.throws(() => gpio.set(BASE + 54, 1), { code: 'EINVAL' });
	});

	await t.test('a chip that vanishes takes its lines along', async () => {
		gpio.remove(BASE);
		assert.deepEqual(await onoff.ask('read', BASE + 17), { error: 'ENODEV' });
		assert.deepEqual(await onoff.ask('watch', BASE + 6, 'both', {}), { error: 'EINVAL' });
		assert.deepEqual(gpio.exported(), []);
		assert.deepEqual(await onoff.ask('watch', 1, 'both', {}), { done: 1 }, 'the other chips stay');
	});
});
