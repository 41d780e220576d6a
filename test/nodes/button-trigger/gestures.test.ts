import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ButtonEvent, type GestureSettings, Gestures } from '../../../nodes/button-trigger/gestures.ts';
import { HandClock } from '../../lab/hand-clock.ts';

function button(settings: Partial<GestureSettings> = {}) {
	const clock = new HandClock();
	const events: ButtonEvent[] = [];
	const gestures = new Gestures(
		{ debounceMs: 20, doubleClickMs: 300, longPressMs: 800, maxHoldMs: 0, ...settings },
		(event) => events.push(event),
		clock,
	);
	const taken = () => events.splice(0).map((e) => ('heldMs' in e ? `${e.event} ${e.heldMs}` : e.event));
	return { clock, gestures, taken };
}

describe('debounce', () => {
	test('a level counts once it has stayed for debounceMs', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(false);
		gestures.lineLevel(true);
		clock.advance(19);
		assert.deepEqual(taken(), []);
		clock.advance(1);
		assert.deepEqual(taken(), ['press']);
	});

	test('a bouncing press and release are one press and one release', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(false);
		const bounce = (last: boolean) => {
			for (let i = 6; i >= 0; i--) {
				gestures.lineLevel(i % 2 === 0 ? last : !last);
				clock.advance(3);
			}
		};
		bounce(true);
		clock.advance(400);
		bounce(false);
		clock.advance(17);
		assert.deepEqual(taken(), ['press', 'release 421']);
	});

	test('a glitch that is shorter than debounceMs is no event, in either direction', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(false);
		gestures.lineLevel(true);
		clock.advance(5);
		gestures.lineLevel(false);
		clock.advance(100);
		assert.deepEqual(taken(), []);
		gestures.lineLevel(true);
		clock.advance(100);
		assert.deepEqual(taken(), ['press']);
		gestures.lineLevel(false);
		clock.advance(5);
		gestures.lineLevel(true);
		clock.advance(100);
		assert.deepEqual(taken(), []);
	});

	test('an unchanged level is no event', () => {
		const { clock, gestures, taken } = button({ debounceMs: 0, doubleClickMs: 0 });
		gestures.lineOpened(false);
		for (const level of [false, true, true, true, false, false]) gestures.lineLevel(level);
		clock.advance(1000);
		assert.deepEqual(taken(), ['press', 'release 0', 'click 0']);
	});
});

describe('a line is opened', () => {
	test('a button that is held then is no press, and letting it go no release', () => {
		const { clock, gestures, taken } = button({ debounceMs: 0 });
		gestures.lineOpened(true);
		gestures.lineLevel(true);
		gestures.lineLevel(false);
		clock.advance(1000);
		assert.deepEqual(taken(), []);
		gestures.lineLevel(true);
		assert.deepEqual(taken(), ['press']);
	});

	test('with an unknown level, a first edge up is a press', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(undefined);
		gestures.lineLevel(true);
		clock.advance(20);
		assert.deepEqual(taken(), ['press']);
	});

	test('with an unknown level, a first edge down means that it was held', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(undefined);
		for (const level of [false, true, false]) gestures.lineLevel(level);
		clock.advance(500);
		assert.deepEqual(taken(), []);
		gestures.lineLevel(true);
		clock.advance(20);
		assert.deepEqual(taken(), ['press']);
	});
});

describe('gestures', () => {
	test('a click is told when no second one came', () => {
		const { clock, gestures, taken } = button();
		gestures.press();
		clock.advance(100);
		gestures.release();
		assert.deepEqual(taken(), ['press', 'release 100']);
		clock.advance(299);
		assert.deepEqual(taken(), []);
		clock.advance(1);
		assert.deepEqual(taken(), ['click 100']);
	});

	test('doubleClickMs 0: a click is told at once, and two are two clicks', () => {
		const { gestures, taken } = button({ doubleClickMs: 0 });
		for (const _ of [1, 2]) {
			gestures.press();
			gestures.release();
		}
		assert.deepEqual(taken(), ['press', 'release 0', 'click 0', 'press', 'release 0', 'click 0']);
	});

	test('a double-click is one gesture; three quick presses are a double-click and a click', () => {
		const { clock, gestures, taken } = button();
		for (const _ of [1, 2, 3]) {
			gestures.press();
			clock.advance(50);
			gestures.release();
			clock.advance(50);
		}
		clock.advance(1000);
		const [press, release] = ['press', 'release 50'];
		assert.deepEqual(taken(), [
			press,
			release,
			press,
			release,
			'double-click 50',
			press,
			release,
			'click 50',
		]);
	});

	test('a long press is told while the button is held, and is no click', () => {
		const { clock, gestures, taken } = button();
		gestures.press();
		clock.advance(800);
		assert.deepEqual(taken(), ['press', 'long-press 800']);
		clock.advance(200);
		gestures.release();
		clock.advance(1000);
		assert.deepEqual(taken(), ['release 1000']);
	});

	test('a click and then a long press are both told, in that order', () => {
		const { clock, gestures, taken } = button();
		gestures.press();
		clock.advance(70);
		gestures.release();
		clock.advance(100);
		gestures.press();
		clock.advance(2000);
		gestures.release();
		clock.advance(1000);
		assert.deepEqual(taken(), ['press', 'release 70', 'press', 'click 70', 'long-press 800', 'release 2000']);
	});

	test('longPressMs 0: however long, it is a click', () => {
		const { clock, gestures, taken } = button({ longPressMs: 0 });
		gestures.press();
		clock.advance(10_000);
		gestures.release();
		clock.advance(300);
		assert.deepEqual(taken(), ['press', 'release 10000', 'click 10000']);
	});

	test('a long press stays one when a blocked event loop brings the release before the timer', () => {
		const { clock, gestures, taken } = button();
		gestures.press();
		clock.block(900);
		gestures.release();
		clock.advance(1000);
		assert.deepEqual(taken(), ['press', 'release 900', 'long-press 900']);
	});
});

describe('every press is followed by one release', () => {
	test('maxHoldMs forces it, without a gesture; letting the button go later is nothing', () => {
		const { clock, gestures, taken } = button({ maxHoldMs: 500 });
		gestures.lineOpened(false);
		gestures.lineLevel(true);
		clock.advance(520);
		assert.deepEqual(taken(), ['press', 'release 500']);
		gestures.lineLevel(false);
		clock.advance(1000);
		assert.deepEqual(taken(), []);
		gestures.lineLevel(true);
		clock.advance(20);
		assert.deepEqual(taken(), ['press']);
	});

	test('a reset while the release is settling does not lose the next press', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(false);
		gestures.lineLevel(true);
		clock.advance(100);
		gestures.lineLevel(false);
		clock.advance(10);
		gestures.forceRelease();
		assert.deepEqual(taken(), ['press', 'release 90']);
		clock.advance(1000);
		gestures.lineLevel(true);
		clock.advance(20);
		assert.deepEqual(taken(), ['press']);
	});

	test('a lost line forces it; what is held when the line is back is no press', () => {
		const { clock, gestures, taken } = button();
		gestures.lineOpened(false);
		gestures.lineLevel(true);
		clock.advance(120);
		gestures.lineLost();
		assert.deepEqual(taken(), ['press', 'release 100']);
		gestures.lineOpened(true);
		clock.advance(1000);
		assert.deepEqual(taken(), []);
	});

	test('closing forces it, leaves no timer behind, and nothing happens afterwards', () => {
		const { clock, gestures, taken } = button({ maxHoldMs: 5000 });
		gestures.lineOpened(false);
		gestures.press();
		clock.advance(30);
		gestures.lineLevel(true);
		gestures.close();
		assert.deepEqual(taken(), ['press', 'release 30']);
		assert.equal(clock.pending, 0);
		gestures.press();
		gestures.toggle();
		assert.deepEqual(taken(), []);
	});

	test('a reset forgets a click that waits', () => {
		const { clock, gestures, taken } = button();
		gestures.press();
		gestures.release();
		gestures.forceRelease();
		clock.advance(1000);
		assert.deepEqual(taken(), ['press', 'release 0']);
		assert.equal(clock.pending, 0);
	});

	test('commands twice are once, and toggle does what is due', () => {
		const { gestures, taken } = button({ doubleClickMs: 0, longPressMs: 0 });
		gestures.release();
		gestures.press();
		gestures.press();
		gestures.toggle();
		gestures.release();
		gestures.toggle();
		assert.deepEqual(taken(), ['press', 'release 0', 'click 0', 'press']);
	});

	test('of line and command, whichever came last counts', () => {
		const { clock, gestures, taken } = button({ debounceMs: 0, longPressMs: 0, doubleClickMs: 0 });
		gestures.lineOpened(false);
		gestures.press();
		clock.advance(10);
		gestures.lineLevel(true);
		clock.advance(10);
		gestures.lineLevel(false);
		assert.deepEqual(taken(), ['press', 'release 20', 'click 20']);
		gestures.lineLevel(true);
		clock.advance(5);
		gestures.release();
		gestures.lineLevel(false);
		assert.deepEqual(taken(), ['press', 'release 5', 'click 5']);
	});

	test('whatever happens, presses and releases alternate and the last one is a release', () => {
		let state = 12345;
		const random = (below: number) => {
			state = (Math.imul(state, 1103515245) + 12345) >>> 0;
			return (state >>> 8) % below;
		};
		const { clock, gestures, taken } = button({ maxHoldMs: 1500 });
		const actions = [
			() => gestures.lineLevel(true),
			() => gestures.lineLevel(false),
			() => gestures.press(),
			() => gestures.release(),
			() => gestures.toggle(),
			() => gestures.lineLost(),
			() => gestures.lineOpened([true, false, undefined][random(3)]),
			() => gestures.forceRelease(),
			() => clock.advance(random(1000)),
			() => clock.advance(random(30)),
		];
		for (let i = 0; i < 20_000; i++) actions[random(actions.length)]!();
		gestures.close();
		const words = taken().map((word) => word.split(' ')[0]!);
		const presses = words.filter((word) => word === 'press' || word === 'release');
		assert.ok(presses.length > 1000);
		presses.forEach((word, index) => {
			assert.equal(word, index % 2 === 0 ? 'press' : 'release', `event ${index}`);
		});
		assert.equal(presses.at(-1), 'release');
		assert.equal(clock.pending, 0);
	});
});
