import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cookiesOf } from '../../../lib/browser/cookies.ts';
import { Flood } from '../../../lib/browser/flood.ts';
import { readPageMessage } from '../../../lib/browser/page-messages.ts';
import { pagePath } from '../../../lib/browser/path.ts';

describe('what pages send', () => {
	test('messages of the protocol, without what else they hold', () => {
		for (const message of [
			{ type: 'start', utterance: 1, sampleRate: 48_000 },
			{ type: 'stop', utterance: 2 },
			{ type: 'stop', utterance: 2, cause: 'start-timeout' },
			{ type: 'reset', utterance: 3 },
		])
			assert.deepEqual(readPageMessage(JSON.stringify({ ...message, more: 1 })), message);
	});

	test('anything else is none', () => {
		for (const text of [
			...['', '{', 'null', '7', '[]', '"start"', '{}'],
			...[
				{ utterance: 0 },
				{ utterance: -1 },
				{ utterance: 1.5 },
				{ utterance: '1' },
				{ utterance: 2 ** 60 },
			].map((fields) => JSON.stringify({ type: 'reset', ...fields })),
			'{"type":"start","utterance":1}',
			'{"type":"start","utterance":1,"sampleRate":"16000"}',
			'{"type":"stop","utterance":1,"cause":"because"}',
			'{"type":"__proto__","utterance":1}',
		])
			assert.equal(readPageMessage(text), undefined, text);
	});

	test('audio up to four times as fast as it is spoken, half a minute of it at once', () => {
		let now = 0;
		const flood = new Flood(() => now);
		for (let i = 0; i < 300; i++) assert.equal(flood.count(100), undefined);
		assert.match(flood.count(100) ?? '', /four times/);
		for (let i = 0; i < 1000; i++) {
			now += 25;
			assert.equal(flood.count(100), undefined);
		}
		now += 20;
		assert.match(flood.count(100) ?? '', /four times/);
	});

	test('frames, two hundred a second and some more at once', () => {
		let now = 0;
		const flood = new Flood(() => now);
		for (let i = 0; i < 2000; i++) assert.equal(flood.count(0), undefined);
		assert.match(flood.count(0) ?? '', /200 frames/);
		now += 5;
		assert.equal(flood.count(0), undefined);
		assert.match(flood.count(0) ?? '', /200 frames/);
	});
});

describe('the path of pages', () => {
	test('as it is typed, and as it is used', () => {
		for (const [text, path] of [
			['/voice', '/voice'],
			['voice', '/voice'],
			[' /voice/ ', '/voice'],
			['/a/b-c/d_e.f~g', '/a/b-c/d_e.f~g'],
			['/..a/b..', '/..a/b..'],
		] as const)
			assert.equal(pagePath(text), path);
	});

	test('what is none', () => {
		const long = `/${'a'.repeat(200)}`;
		for (const text of [
			'',
			'/',
			'//',
			'/a//b',
			'/a/../b',
			'/..',
			'/./a',
			'/a b',
			'/*',
			'/:id',
			'/a?b',
			'/a#b',
			'/ä',
			'/%41',
			'/(a)',
			'/a\\b',
			long,
		])
			assert.equal(pagePath(text), undefined, text);
	});
});

describe('cookies', () => {
	test('by name, decoded; the first of a name counts', () => {
		const cookies = cookiesOf('a=1; b="two words"; c=%C3%A4; d=%; a=2; e; =f; __proto__=x; g=h=i');
		assert.deepEqual(
			{ ...cookies },
			{ a: '1', b: 'two words', c: 'ä', d: '%', '': 'f', ['__proto__']: 'x', g: 'h=i' },
		);
		assert.deepEqual({ ...cookiesOf(undefined) }, {});
	});
});
