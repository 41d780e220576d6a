import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tickets } from '../../../lib/browser/tickets.ts';

describe('tickets', () => {
	test('good once, and only those that were issued', () => {
		const tickets = new Tickets();
		const ticket = tickets.issue();
		assert.match(ticket, /^[\w-]{43}$/);
		assert.equal(tickets.redeem(`${ticket.slice(0, -1)}!`), undefined);
		assert.equal(tickets.redeem(''), undefined);
		assert.deepEqual(tickets.redeem(ticket), { page: '' });
		assert.equal(tickets.redeem(ticket), undefined);
		assert.equal(new Tickets().redeem(tickets.issue()), undefined);
	});

	test("each is its own page's", () => {
		const tickets = new Tickets();
		const [one, other] = [tickets.issue('one'), tickets.issue('other')];
		assert.deepEqual(tickets.redeem(other), { page: 'other' });
		assert.deepEqual(tickets.redeem(one), { page: 'one' });
	});

	test('good for thirty seconds', () => {
		let now = 5;
		const tickets = new Tickets(undefined, () => now);
		const [early, late] = [tickets.issue(), tickets.issue()];
		now += 29_999;
		assert.equal(Boolean(tickets.redeem(early)), true);
		now += 1;
		assert.equal(tickets.redeem(late), undefined);
	});

	test('so many and no more: the oldest gives way', () => {
		const tickets = new Tickets({ ttlMs: 1000, most: 3 }, () => 0);
		const [first, ...others] = [1, 2, 3, 4].map(() => tickets.issue());
		assert.equal(tickets.redeem(first!), undefined);
		assert.deepEqual(
			others.map((ticket) => tickets.redeem(ticket) !== undefined),
			[true, true, true],
		);
	});
});
