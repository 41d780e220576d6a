import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { VoiceError } from '../../../lib/node/errors.ts';
import { firstAvailable } from '../../../nodes/button-trigger/lines/auto.ts';
import { openers } from '../../../nodes/button-trigger/lines/backends.ts';
import { ended, GpiodTools, toolError } from '../../../nodes/button-trigger/lines/gpiod-tools.ts';
import type { Line, LineRequest, OpenLine } from '../../../nodes/button-trigger/lines/line.ts';
import { isAlive, readProc } from '../../lab/descendants.ts';
import { needs } from '../../lab/needs.ts';
import { type StandIn, type StandInState, standIn } from './gpiod-stand-in.ts';

const PI_5: StandInState['chips'] = [
	{ name: 'gpiochip0', label: 'pinctrl-rp1', lines: 54 },
	{ name: 'gpiochip10', label: 'gpio-brcmstb@107d508500', lines: 32 },
];
/** The header is gpiochip4, as on a Pi 5 with Linux 6.6.20. */
const PI_5_OLD: StandInState['chips'] = [
	{ name: 'gpiochip0', label: 'gpio-brcmstb@107d508500', lines: 32 },
	{ name: 'gpiochip4', label: 'pinctrl-rp1', lines: 54 },
];

/** A line that was opened, and everything that it told. */
class Opened {
	readonly levels: boolean[] = [];
	lost: VoiceError | undefined;
	line!: Line;

	static async with(open: OpenLine, request: Partial<LineRequest> = {}): Promise<Opened> {
		const opened = new Opened();
		opened.line = await open(
			{ pin: '17', pull: 'none', ...request },
			{
				onLevel: (high) => opened.levels.push(high),
				onLost: (error) => {
					opened.lost = error;
				},
			},
		);
		return opened;
	}

	sees(count: number): Promise<true> {
		return until(`${count} levels`, () => this.levels.length >= count || undefined);
	}

	loses(): Promise<VoiceError> {
		return until('the line to be lost', () => this.lost);
	}
}

async function refusal(opening: Promise<unknown>): Promise<VoiceError> {
	const error = await opening.then(
		() => assert.fail('should have been refused'),
		(thrown) => thrown,
	);
	assert.ok(error instanceof VoiceError, String(error));
	return error;
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
	for (const deadline = Date.now() + 60_000; ; await sleep(10)) {
		const found = look();
		if (found !== undefined) return found;
		assert.ok(Date.now() < deadline, `waited for ${what}`);
	}
}

const open = openers.gpiomon;
const path = process.env['PATH'];
for (const version of [1, 2] as const) {
	describe(`gpiomon of libgpiod ${version} (STAND-IN tools)`, () => {
		let tools: StandIn;
		before(() => {
			tools = standIn({ version, chips: PI_5 });
			process.env['PATH'] = `${tools.folder}:${path}`;
		});
		after(() => {
			process.env['PATH'] = path;
			tools.cleanUp();
		});
		const watched = (chip: string, offset: number) =>
			until(`gpiomon on ${chip} ${offset}`, () => tools.watching(chip, offset));
		const unwatched = (chip: string, offset: number) =>
			until('gpiomon to end', () => tools.watching(chip, offset) === undefined || undefined);

		test('a BCM number is a line of the header, and edges become levels', async () => {
			const button = await Opened.with(open, { pin: '5' });
			await watched('gpiochip0', 5);
			assert.equal(button.line.name, 'GPIO 5');
			assert.equal(button.line.high, undefined);
			for (const edge of ['rising', 'falling', 'rising'] as const) await tools.edge('gpiochip0', 5, edge);
			await button.sees(3);
			assert.deepEqual(button.levels, [true, false, true]);
			assert.equal(button.line.high, true);
			await button.line.close();
			await unwatched('gpiochip0', 5);
			assert.equal(button.lost, undefined);
		});

		test('the header is found by its label, whatever number its chip has', async () => {
			tools.setUp({ chips: PI_5_OLD });
			const button = await Opened.with(open, { pin: 'GPIO17' });
			await watched('gpiochip4', 17);
			await button.line.close();
			tools.setUp({ chips: PI_5 });
		});

		test('a pull becomes a bias, none leaves the line as it is', async () => {
			const runs = tools.calls('gpiomon').length;
			for (const pull of ['up', 'down', 'none'] as const) {
				const { line } = await Opened.with(open, { pull });
				await watched('gpiochip0', 17);
				await line.close();
			}
			const options = (run: string[]) => run.filter((option) => /bias|^-[bB]|pull/.test(option));
			const used = tools
				.calls('gpiomon')
				.slice(runs)
				.filter((run) => !run.includes('--version'));
			const name = version === 1 ? '-B' : '-b';
			assert.deepEqual(used.map(options), [[name, 'pull-up'], [name, 'pull-down'], []]);
		});

		test('a line is found by its name', async () => {
			tools.setUp({ names: { BUTTON: ['gpiochip10', 3] } });
			const button = await Opened.with(open, { pin: 'BUTTON' });
			await watched('gpiochip10', 3);
			await tools.edge('gpiochip10', 3, 'falling');
			await button.sees(1);
			assert.deepEqual(button.levels, [false]);
			await button.line.close();
			for (const pin of ['LIGHT', '-h']) {
				const error = await refusal(Opened.with(open, { pin }));
				assert.equal(error.code, 'GPIO_LINE_NOT_FOUND');
				assert.match(error.message, new RegExp(`"${pin}": .*gpioinfo`));
			}
		});

		test('a pin beyond the chip is refused, naming the range', async () => {
			const error = await refusal(Opened.with(open, { pin: '54' }));
			assert.equal(error.code, 'GPIO_LINE_NOT_FOUND');
			assert.match(error.message, /no GPIO 54 .*from 0 to 53/);
		});

		test('a line that another program holds is busy, and opens when it is let go', async () => {
			const holder = await tools.hold('gpiochip0', 17);
			const error = await refusal(Opened.with(open));
			assert.equal(error.code, 'GPIO_BUSY');
			assert.equal(error.retryable, true);
			assert.match(error.message, /^GPIO 17 is in use by another program: .*gpioinfo/);
			await holder.letGo();
			const { line } = await Opened.with(open);
			await watched('gpiochip0', 17);
			await line.close();
		});

		test('a missing permission and an unknown failure are told apart', async () => {
			tools.setUp({ failure: 'Permission denied' });
			const denied = await refusal(Opened.with(open));
			assert.equal(denied.code, 'GPIO_PERMISSION');
			assert.match(denied.message, /group gpio .*usermod/);
			tools.setUp({ failure: 'Input/output error' });
			const failed = await refusal(Opened.with(open));
			assert.equal(failed.code, 'GPIO_UNAVAILABLE');
			assert.match(failed.message, /Input\/output error/);
			tools.setUp({ failure: '' });
		});

		test('when the chip goes away the line is lost, and can be opened again', async () => {
			const button = await Opened.with(open);
			await watched('gpiochip0', 17);
			await tools.remove('gpiochip0', 17);
			const error = await button.loses();
			assert.equal(error.code, 'GPIO_UNAVAILABLE');
			assert.equal(error.retryable, true);
			assert.match(error.message, /^GPIO 17 was lost: .*No such device/);
			await button.line.close();
			const again = await Opened.with(open);
			await watched('gpiochip0', 17);
			await tools.edge('gpiochip0', 17, 'rising');
			await again.sees(1);
			await again.line.close();
		});

		test('when gpiomon is killed the line is lost', async () => {
			const button = await Opened.with(open);
			process.kill(await watched('gpiochip0', 17), 'SIGKILL');
			assert.equal((await button.loses()).code, 'GPIO_UNAVAILABLE');
		});

		test('two nodes share a pin; it is let go when both have closed it', async () => {
			const before = tools.calls('gpiomon').length;
			const [first, second] = await Promise.all([
				Opened.with(open, { pull: 'up' }),
				Opened.with(open, { pin: 'GPIO17' }),
			]);
			await watched('gpiochip0', 17);
			await tools.edge('gpiochip0', 17, 'rising');
			await Promise.all([first.sees(1), second.sees(1)]);
			const other = await refusal(Opened.with(open, { pull: 'down' }));
			assert.equal(other.code, 'GPIO_BUSY');
			assert.match(other.message, /pull "up", this one wants "down"/);
			await first.line.close();
			await tools.edge('gpiochip0', 17, 'falling');
			await second.sees(2);
			assert.deepEqual([first.levels, second.levels], [[true], [true, false]]);
			await second.line.close();
			await unwatched('gpiochip0', 17);
			const watches = tools
				.calls('gpiomon')
				.slice(before)
				.filter((run) => !run.includes('--version'));
			assert.equal(watches.length, 1);
		});

		test('gpiomon does not outlive a Node.js that was killed', async () => {
			const module = new URL('../../../nodes/button-trigger/lines/backends.js', import.meta.url);
			const script = `
				import { openers } from '${module}';
				await openers.gpiomon({ pin: '17', pull: 'none' }, { onLevel() {}, onLost() {} });
				setInterval(() => {}, 1000);`;
			const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
			const gpiomon = readProc(await watched('gpiochip0', 17))!;
			assert.ok(isAlive(gpiomon));
			parent.kill('SIGKILL');
			await once(parent, 'exit');
			await until('gpiomon to be gone', () => !isAlive(gpiomon) || undefined);
		});

		test('auto takes gpiomon, and what gpiomon says of the line is the answer', async () => {
			const auto = firstAvailable(open, () => assert.fail('onoff was tried'));
			const button = await Opened.with(auto);
			await watched('gpiochip0', 17);
			await button.line.close();
			const holder = await tools.hold('gpiochip0', 17);
			assert.equal((await refusal(Opened.with(auto))).code, 'GPIO_BUSY');
			await holder.letGo();
		});
	});
}

describe('without libgpiod', () => {
	before(() => {
		process.env['PATH'] = '';
	});
	after(() => {
		process.env['PATH'] = path;
	});

	test('gpiomon says what to install', async () => {
		const error = await refusal(Opened.with(open));
		assert.equal(error.code, 'GPIO_UNAVAILABLE');
		assert.equal(error.retryable, true);
		assert.match(error.message, /gpiomon of libgpiod is not installed: .*sudo apt install gpiod/);
	});

	test('auto goes on to onoff, and tells what is wrong with both', async () => {
		// onoff cannot set a pull, so it refuses on every machine.
		const error = await refusal(Opened.with(openers.auto, { pull: 'up' }));
		assert.equal(error.code, 'GPIO_UNAVAILABLE');
		assert.match(error.message, /gpiomon of libgpiod is not installed.*onoff.*cannot set a pull-up/);
		assert.match(error.remedy, /install gpiod.*simulated/);
	});
});

describe('the real tools of libgpiod', { skip: needs('gpiod') }, () => {
	const nowhere = { chip: 'gpiochip999', offset: 17, name: 'GPIO 17' };

	test('gpiomon takes our options', async () => {
		const tools = await GpiodTools.find();
		for (const pull of ['none', 'up', 'down'] as const) {
			const gpiomon = tools.watch(nowhere, pull);
			let stderr = '';
			gpiomon.process.stderr?.on('data', (data) => {
				stderr += data;
			});
			const code = await ended(gpiomon);
			// Not "unrecognized option", "invalid bias" or the like: it got as far as opening the chip.
			assert.match(stderr, /No such file or directory|cannot find GPIO chip/);
			assert.equal(toolError(stderr, 'GPIO 17', code).code, 'GPIO_UNAVAILABLE');
		}
	});

	test('a name that no line has is not found', async () => {
		const tools = await GpiodTools.find();
		for (const pin of ['no such line', '--help'])
			await assert.rejects(tools.locate(pin), { code: 'GPIO_LINE_NOT_FOUND' });
	});
});
