import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tickets } from '../../../lib/browser/tickets.ts';

describe('tickets', () => {
	test('good once, and only those that were issued', () => {
		const tickets = new Tickets();
		const ticket = tickets.issue();
		assert.match(ticket, /^[\w-]{43}$/);
		assert.equal(tickets.redeem(`${ticket.slice(0, -1)}!`), false);
		assert.equal(tickets.redeem(''), false);
		assert.equal(tickets.redeem(ticket), true);
		assert.equal(tickets.redeem(ticket), false);
		assert.equal(new Tickets().redeem(tickets.issue()), false);
	});

	test('good for thirty seconds', () => {
		let now = 5;
		const tickets = new Tickets(undefined, () => now);
		const [early, late] = [tickets.issue(), tickets.issue()];
		now += 29_999;
		assert.equal(tickets.redeem(early), true);
		now += 1;
		assert.equal(tickets.redeem(late), false);
	});

	test('so many and no more: the oldest gives way', () => {
		const tickets = new Tickets({ ttlMs: 1000, most: 3 }, () => 0);
		const [first, ...others] = [1, 2, 3, 4].map(() => tickets.issue());
		assert.equal(tickets.redeem(first!), false);
		assert.deepEqual(
			others.map((ticket) => tickets.redeem(ticket)),
			[true, true, true],
		);
	});
});
