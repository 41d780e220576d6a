import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOwnOrigin } from '../../../lib/browser/origin.ts';

const asked = (origin: string | undefined, host: string | undefined, forwarded?: string) => ({
	headers: {
		...(origin !== undefined && { origin }),
		...(host !== undefined && { host }),
		...(forwarded !== undefined && { 'x-forwarded-host': forwarded }),
	},
	socket: { remoteAddress: '127.0.0.1' },
});

describe('the origin of a request', () => {
	test('is the host that it goes to, with or without the port that goes without saying', () => {
		for (const [origin, host] of [
			['http://pi:1880', 'pi:1880'],
			['https://home.example', 'home.example'],
			['https://home.example', 'home.example:443'],
			['http://home.example', 'home.example:80'],
			['https://HOME.example:8443', 'home.EXAMPLE:8443'],
			['http://[::1]:1880', '[::1]:1880'],
		] as const)
			assert.equal(isOwnOrigin(asked(origin, host)), true, `${origin} ${host}`);
	});

	test('is another one', () => {
		for (const [origin, host] of [
			['http://pi:1881', 'pi:1880'],
			['http://pi', 'pi:1880'],
			['http://evil.example', 'pi:1880'],
			['http://pi:1880.evil.example', 'pi:1880'],
			['https://home.example', 'home.example:80'],
			['null', 'pi:1880'],
			['null', 'null'],
			['', ''],
			[undefined, 'pi:1880'],
			['http://pi:1880', undefined],
			['file://', ''],
			['nonsense', 'nonsense'],
		] as const)
			assert.equal(isOwnOrigin(asked(origin, host)), false, `${origin} ${host}`);
	});

	test('a proxy counts only where it is trusted', () => {
		const through = asked('https://home.example', '127.0.0.1:1880', 'home.example, inner.example');
		assert.equal(isOwnOrigin(through), false);
		const calls: unknown[] = [];
		const trusts = (address: string, hop: number) => {
			calls.push([address, hop]);
			return true;
		};
		assert.equal(isOwnOrigin(through, trusts), true);
		assert.deepEqual(calls, [['127.0.0.1', 0]]);
		assert.equal(
			isOwnOrigin(asked('https://127.0.0.1:1880', '127.0.0.1:1880', 'home.example'), trusts),
			false,
		);
		assert.equal(isOwnOrigin(asked('http://pi:1880', 'pi:1880'), trusts), true);
	});
});
