import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { eachLine, LineSplitter } from '../../../lib/process/lines.ts';

const TEXT = Buffer.from('one\ntwö\r\n\r\nfour\rfive\n\n漢字');
const LINES = ['one', 'twö', '', 'four', 'five', '', '漢字'];

describe('LineSplitter', () => {
	test('gives the same lines however the bytes are cut', () => {
		for (let size = 1; size <= TEXT.length; size++) {
			const splitter = new LineSplitter();
			const lines: string[] = [];
			for (let at = 0; at < TEXT.length; at += size)
				lines.push(...splitter.push(TEXT.subarray(at, at + size)));
			assert.deepEqual([...lines, ...splitter.end()], LINES, `pieces of ${size}`);
		}
	});

	test('keeps the beginning of a line that does not end, and no more', () => {
		const splitter = new LineSplitter(10);
		for (let piece = 0; piece < 1000; piece++) assert.deepEqual(splitter.push(Buffer.from('0123456')), []);
		assert.deepEqual(splitter.push(Buffer.from('\nnext\n')), ['0123456012', 'next']);
		assert.deepEqual(splitter.end(), []);
	});
});

describe('eachLine', () => {
	test('resolves when all is read, also of a stream that breaks', async () => {
		for (const end of [(stream: PassThrough) => stream.end(), (stream: PassThrough) => stream.destroy()]) {
			const stream = new PassThrough();
			const lines: string[] = [];
			const read = eachLine(stream, (line) => lines.push(line));
			await new Promise((resolve) => stream.write('a\nb', resolve));
			end(stream);
			await read;
			assert.deepEqual(lines, ['a', 'b']);
		}
	});
});
