import assert from 'node:assert/strict';
import process from 'node:process';
import { it } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { HEADER } from '../../../nodes/button-trigger/header.ts';
import { GpiodTools } from '../../../nodes/button-trigger/lines/gpiod-tools.ts';
import { readLineUse } from '../../../nodes/button-trigger/lines/gpioinfo.ts';
import { standIn } from './gpiod-stand-in.ts';

it('gpioinfo of libgpiod 1 and 2 tells who uses a line', () => {
	// As people's Raspberry Pis print it.
	const v1 = `gpiochip0 - 54 lines:
	line   0:     "ID_SDA"       unused   input  active-high 
	line   8: "SPI_CE0_N"   "spi0 CS0"  output   active-low [used]
	line  12:     "GPIO12"  "portduino"  output  active-high [used]
	line  17:     "GPIO17"       kernel   input  active-high [used pull-up]
	line  42: "RGMII_MDIO" unused output active-high [pull-up]
	line  43:      unnamed "my "own" consumer=x"   input  active-high [used]
`;
	assert.deepEqual(readLineUse(v1), [
		{ line: 8, by: 'spi0 CS0' },
		{ line: 12, by: 'portduino' },
		{ line: 17, by: 'kernel' },
		{ line: 43, by: 'my "own" consumer=x' },
	]);
	const before15 = `	line  16: "MCASP0_AXR0" "P9_30" input active-high [kernel]
	line  22:         "NC"       unused   input  active-high [kernel]
	line  23:         "NC"       unused   input  active-high [open-drain]
`;
	assert.deepEqual(readLineUse(before15), [
		{ line: 16, by: 'P9_30' },
		{ line: 22, by: 'kernel' },
	]);
	const v2 = `gpiochip0 - 54 lines:
	line   0:	"ID_SDA"        	input
	line   4:	"GPIO4"         	output active-low drive=open-drain consumer="onewire@0"
	line   5:	"GPIO5"         	input bias=pull-up edges=both consumer="gpiomon"
	line  27:	unnamed         	input consumer="kernel"
	line  28:	"consumer="     	input
`;
	assert.deepEqual(readLineUse(v2), [
		{ line: 4, by: 'onewire@0' },
		{ line: 5, by: 'gpiomon' },
		{ line: 27, by: 'kernel' },
	]);
	assert.deepEqual(readLineUse(''), []);
});

it("asks for the chip of the header, with the tools' own options (STAND-IN tools)", async () => {
	const path = process.env['PATH'];
	const used = { gpiochip4: { 4: 'w1', 7: '' }, gpiochip0: { 5: 'another chip' } };
	const chips = [
		{ name: 'gpiochip0', label: 'gpio-brcmstb@107d508500', lines: 32 },
		{ name: 'gpiochip4', label: 'pinctrl-rp1', lines: 54 },
	];
	const tools = standIn({ version: 1, chips, used });
	try {
		process.env['PATH'] = `${tools.folder}:${path}`;
		for (const version of [1, 2] as const) {
			tools.setUp({ version });
			assert.deepEqual(
				await (await GpiodTools.find()).headerUse(),
				[
					{ line: 4, by: 'w1' },
					{ line: 7, by: 'kernel' },
				],
				`version ${version}`,
			);
		}
		tools.setUp({ chips: chips.slice(0, 1) });
		await assert.rejects((await GpiodTools.find()).headerUse(), (error: unknown) => {
			assert.ok(error instanceof VoiceError);
			assert.equal(error.code, 'GPIO_UNAVAILABLE');
			assert.match(error.message, /no Raspberry Pi GPIO header/);
			return true;
		});
	} finally {
		process.env['PATH'] = path;
		tools.cleanUp();
	}
});

it('the header has every GPIO from 0 to 27 once, and its power and ground where they are', () => {
	const bcm = HEADER.flatMap((pin) => pin.bcm ?? []).sort((a, b) => a - b);
	assert.deepEqual(
		bcm,
		Array.from({ length: 28 }, (_, number) => number),
	);
	assert.deepEqual(
		HEADER.map(({ physical }) => physical),
		Array.from({ length: 40 }, (_, index) => index + 1),
	);
	const at = (kind: string) => HEADER.filter((pin) => pin.kind === kind).map(({ physical }) => physical);
	assert.deepEqual(at('5v'), [2, 4]);
	assert.deepEqual(at('3v3'), [1, 17]);
	assert.deepEqual(at('ground'), [6, 9, 14, 20, 25, 30, 34, 39]);
	const gpios = [3, 5, 7, 8, 11, 12, 29, 40].map((physical) => HEADER[physical - 1]!.bcm);
	assert.deepEqual(gpios, [2, 3, 4, 14, 17, 18, 5, 21]);
});
