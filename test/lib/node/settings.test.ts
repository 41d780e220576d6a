import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VoiceError } from '../../../lib/node/errors.ts';
import { SettingsReader } from '../../../lib/node/settings.ts';

const read = (raw: object) => new SettingsReader(raw, 'MIC_FORMAT');
const refused = (act: () => unknown, name: string) =>
	assert.throws(
		act,
		(error: unknown) =>
			error instanceof VoiceError &&
			error.code === 'MIC_FORMAT' &&
			error.message.includes(`"${name}"`) &&
			error.message.length < 250,
	);

test('text is trimmed; what is missing is the fallback', () => {
	assert.equal(read({ device: ' hw:1 \n' }).text('device'), 'hw:1');
	assert.equal(read({ device: 7 }).text('device'), '7');
	for (const raw of [{}, { device: undefined }, { device: null }]) {
		assert.equal(read(raw).text('device', 'default'), 'default');
		assert.equal(read(raw).text('device'), '');
	}
	assert.equal(read({ device: '' }).text('device', 'default'), '', 'empty is a choice');
});

describe('numbers', () => {
	test('as numbers, and as text as the environment gives them', () => {
		for (const value of [16000, '16000', ' 16e3 ']) assert.equal(read({ r: value }).number('r', 1), 16000);
		for (const raw of [{}, { r: '' }, { r: ' ' }, { r: null }]) assert.equal(read(raw).number('r', 42), 42);
		assert.equal(read({ r: 0 }).number('r', 42), 0);
		assert.equal(read({ r: '-12.5' }).number('r', 0, { min: -100, max: 0 }), -12.5);
	});
	test('bounds are inclusive; the rest is refused by name', () => {
		const rule = { min: 1, max: 8, integer: true };
		for (const value of [1, 8, '8']) assert.equal(read({ n: value }).number('n', 3, rule), Number(value));
		for (const value of [0, 9, 1.5, '1.5', 'two', true, false, [1, 2], {}, 'Infinity', '$' + '{RATE}'])
			if (!(Array.isArray(value) && value.length === 0))
				refused(() => read({ n: value }).number('n', 3, rule), 'n');
		refused(() => read({ n: -1 }).number('n', 3), 'n');
		refused(() => read({ n: 'x'.repeat(9999) }).number('n', 3), 'n');
	});
});

test('flags', () => {
	for (const value of [true, 'true', 'TRUE', 1, '1', 'yes', 'on'])
		assert.equal(read({ loop: value }).flag('loop', false), true);
	for (const value of [false, 'false', 0, '0', 'no', 'Off'])
		assert.equal(read({ loop: value }).flag('loop', true), false);
	for (const raw of [{}, { loop: '' }, { loop: null }]) assert.equal(read(raw).flag('loop', true), true);
	for (const value of ['maybe', 2, {}]) refused(() => read({ loop: value }).flag('loop', false), 'loop');
});

test('choices', () => {
	const choose = (pull: unknown) => read({ pull }).choice('pull', ['none', 'up', 'down'], 'none');
	assert.equal(choose('up'), 'up');
	assert.equal(choose(' down '), 'down');
	for (const empty of ['', undefined, null]) assert.equal(choose(empty), 'none');
	for (const value of ['UP', 'sideways', 'toString', 1]) refused(() => choose(value), 'pull');
});

describe('objects', () => {
	const options = (value: unknown) => read({ options: value }).object('options');
	test('as JSON text or as they are', () => {
		assert.deepEqual(options('{"a": [1], "b": {"c": null}}'), { a: [1], b: { c: null } });
		assert.deepEqual(options({ a: 1 }), { a: 1 });
		for (const empty of ['', '  ', undefined, null]) assert.deepEqual(options(empty), {});
	});
	test('a copy, so that nobody changes the flow', () => {
		const raw = { a: 1 };
		options(raw)['a'] = 2;
		assert.equal(raw.a, 1);
	});
	test('nothing else, and the error does not show what may be a secret', () => {
		for (const value of ['{', '[]', '7', 'null', '"x"', [1], 7, true])
			refused(() => options(value), 'options');
		assert.throws(
			() => options('{"apiKey": "hunter2"'),
			(error: Error) => !/hunter2|apiKey/.test(error.message),
		);
	});
	test('a key named __proto__ changes no prototype', () => {
		const value = options('{"__proto__": {"polluted": true}}') as { polluted?: boolean };
		assert.equal(value.polluted, undefined);
		assert.equal(({} as { polluted?: boolean }).polluted, undefined);
	});
});
