import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VoiceError } from '../../../../lib/node/errors.ts';
import { autoSource } from '../../../../nodes/mic-capture/sources/auto.ts';
import type { Source } from '../../../../nodes/mic-capture/sources/source.ts';
import { Listener, options } from './listener.ts';

const missing = (name: string) =>
	new VoiceError('MIC_BACKEND_MISSING', `${name} is not installed`, `install ${name}`);

/** A source that fails or opens, and notes that it was asked. */
function source(name: string, asked: string[], failure: () => VoiceError | undefined): Source {
	const attempt = async () => {
		asked.push(name);
		const error = failure();
		if (error) throw error;
	};
	return {
		async open({ format }) {
			await attempt();
			return { format, close: () => Promise.resolve() };
		},
		async devices() {
			await attempt();
			return [{ name: `${name} device`, description: '' }];
		},
	};
}

const open = (auto: Source) => auto.open(options(), new Listener());

describe('the source "auto"', () => {
	test('takes the next one only where software is missing, and remembers what works', async () => {
		const asked: string[] = [];
		let second: VoiceError | undefined;
		const auto = autoSource([source('one', asked, () => missing('one')), source('two', asked, () => second)]);
		await open(auto);
		assert.deepEqual(asked, ['one', 'two']);
		await open(auto);
		assert.deepEqual(asked, ['one', 'two', 'two']);
		second = new VoiceError('MIC_DEVICE_BUSY', 'It is busy', 'wait');
		await assert.rejects(open(auto), second);
		assert.deepEqual(asked, ['one', 'two', 'two', 'two']);
		second = missing('two');
		await assert.rejects(open(auto), { code: 'MIC_BACKEND_MISSING', message: /two is not.*one is not/ });
	});

	test('hides no error about the device', async () => {
		const asked: string[] = [];
		const unknown = new VoiceError('MIC_DEVICE_NOT_FOUND', 'There is none', 'plug it in');
		const auto = autoSource([source('one', asked, () => unknown), source('two', asked, () => undefined)]);
		await assert.rejects(open(auto), unknown);
		assert.deepEqual(asked, ['one']);
	});

	test('lists the devices of what is installed', async () => {
		const auto = autoSource([source('one', [], () => missing('one')), source('two', [], () => undefined)]);
		assert.deepEqual(await auto.devices(), [{ name: 'two device', description: '' }]);
	});
});
