import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { bcmNumber } from '../../../nodes/button-trigger/lines/line.ts';
import { sysfsNumber } from '../../../nodes/button-trigger/lines/sysfs.ts';
import { type GpioChip, startGpio } from '../../lab/gpio.ts';
import { needs } from '../../lab/needs.ts';

const root = mkdtempSync(join(tmpdir(), 'voice-sysfs-'));
after(() => rmSync(root, { recursive: true, force: true }));
let trees = 0;

function tree(chips: readonly GpioChip[]): string {
	const folder = join(root, String(trees++));
	mkdirSync(folder);
	writeFileSync(join(folder, 'export'), '');
	for (const { base, ngpio, label } of chips) {
		const chip = join(folder, `gpiochip${base}`);
		mkdirSync(chip);
		writeFileSync(join(chip, 'base'), `${base}\n`);
		writeFileSync(join(chip, 'ngpio'), `${ngpio}\n`);
		writeFileSync(join(chip, 'label'), `${label}\n`);
	}
	return folder;
}

const brcmstb = (base: number, ngpio: number, address: string): GpioChip => ({
	base,
	ngpio,
	label: `gpio-brcmstb@${address}`,
});
const firmware: GpioChip = { base: 504, ngpio: 8, label: 'raspberrypi-exp-gpio' };

/** Machines as they occur; names of chips that are not the header's, too. */
const MACHINES: Record<string, { chips: GpioChip[]; base: number; last: number }> = {
	'Pi 3, Linux 6.1': {
		chips: [firmware, { base: 0, ngpio: 54, label: 'pinctrl-bcm2835' }],
		base: 0,
		last: 53,
	},
	'Pi 4, Linux 6.6': {
		chips: [
			{ base: 512, ngpio: 58, label: 'pinctrl-bcm2711' },
			{ ...firmware, base: 570 },
		],
		base: 512,
		last: 57,
	},
	'Pi 5, Linux 6.12': {
		chips: [
			brcmstb(512, 15, '107d508500'),
			brcmstb(527, 6, '107d508520'),
			brcmstb(533, 32, '107d517c00'),
			brcmstb(565, 4, '107d517c20'),
			{ base: 569, ngpio: 54, label: 'pinctrl-rp1' },
		],
		base: 569,
		last: 53,
	},
	'Pi 5, Linux 6.6.20': {
		chips: [
			brcmstb(512, 32, '107d508500'),
			brcmstb(544, 4, '107d508520'),
			brcmstb(548, 17, '107d517c00'),
			brcmstb(565, 6, '107d517c20'),
			{ base: 571, ngpio: 54, label: 'pinctrl-rp1' },
		],
		base: 571,
		last: 53,
	},
};

function refusal(act: () => unknown): VoiceError {
	try {
		act();
	} catch (error) {
		assert.ok(error instanceof VoiceError, String(error));
		return error;
	}
	assert.fail('should have thrown');
}

for (const [name, { chips, base, last }] of Object.entries(MACHINES)) {
	describe(name, () => {
		test(`the header begins at ${base}`, () => {
			const folder = tree(chips);
			for (const bcm of [0, 5, 17, last]) assert.equal(sysfsNumber(bcm, folder), base + bcm);
		});

		test('a pin beyond the chip is refused, naming the range', () => {
			const error = refusal(() => sysfsNumber(last + 1, tree(chips)));
			assert.equal(error.code, 'GPIO_LINE_NOT_FOUND');
			assert.equal(error.retryable, false);
			assert.match(error.message, new RegExp(`no GPIO ${last + 1} .*from 0 to ${last}`));
		});

		test('the same through the virtual GPIO', { skip: needs('fuse', 'mount-namespace') }, async () => {
			const gpio = await startGpio({ chips });
			try {
				assert.equal(sysfsNumber(17, `/proc/${gpio.pid}/root/sys/class/gpio`), base + 17);
			} finally {
				await gpio.stop();
			}
		});
	});
}

test('without a header chip, the error names the chips that are there', () => {
	const error = refusal(() => sysfsNumber(17, tree([{ base: 512, ngpio: 360, label: 'INT34C5:00' }])));
	assert.equal(error.code, 'GPIO_UNAVAILABLE');
	assert.match(error.message, /INT34C5:00.*gpioinfo.*simulated/);
	assert.equal(error.retryable, true);
});

test('without sysfs GPIO, the error says what to install', () => {
	const error = refusal(() => sysfsNumber(17, join(root, 'missing')));
	assert.equal(error.code, 'GPIO_UNAVAILABLE');
	assert.match(error.message, /sudo apt install gpiod/);
});

test('a pin setting is a BCM number or a name', () => {
	const numbers = ['17', 'GPIO17', 'gpio 17', 'BCM17', '017'].map(bcmNumber);
	assert.deepEqual(numbers, [17, 17, 17, 17, 17]);
	const names = ['', 'BUTTON', '17a', '-1', '1.5', 'GPIO', 'P1-11', '12345'].map(bcmNumber);
	assert.deepEqual(names, new Array(8).fill(undefined));
});
