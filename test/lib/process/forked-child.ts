// The child of forked.test.ts: an "addon" that does everything that addons do.
import { execFileSync } from 'node:child_process';
import { toVoiceError, VoiceError } from '../../../lib/node/errors.ts';
import { serveParent } from '../../../lib/process/forked.ts';

// Lets a test find this process by its arguments; see `withMark`.
if (process.env['TEST_MARK']) process.title = `forked-child ${process.env['TEST_MARK']}`;

const held: (() => void)[] = [];
let notified = 0;
const die = () => process.kill(process.pid, 'SIGKILL');

const emit = serveParent(
	{
		echo: (value: unknown) => value,
		isBuffer: (value: unknown) => Buffer.isBuffer(value),
		later: (value: unknown) => new Promise((resolve) => held.push(() => resolve(value))),
		release: () => {
			for (const resolve of held.splice(0).reverse()) resolve();
		},
		refuse: () => {
			throw new VoiceError('MIC_DEVICE_BUSY', 'hw:1 is in use', 'close the other', { retryable: true });
		},
		crash: () => Promise.reject(new TypeError('no such function')),
		hang: () => new Promise(() => {}),
		spin: () => {
			for (;;);
		},
		die: (words: string) => {
			process.stderr.write(`${words}\n`, die);
			return new Promise(() => {});
		},
		answerAndDie: (value: unknown) => {
			setImmediate(die);
			return value;
		},
		tellAndDie: (value: unknown) => emit('last', value, die),
		count: () => ++notified,
		events: (count: number) => {
			for (let i = 0; i < count; i++) emit('tick', { i, data: Buffer.from([i & 0xff]) });
			return 'all sent';
		},
		// As an addon prints: straight to the descriptor, waiting while nobody reads.
		print: (bytes: number) => {
			execFileSync('head', ['-c', `${bytes}`, '/dev/zero'], { stdio: ['ignore', 1, 'inherit'] });
		},
		env: (name: string) => process.env[name],
		// What no module of ours sends.
		rubbish: () => {
			for (const message of ['x', 5, true, [], { event: 'x' }, { reply: 'x' }, { reply: 1e9, error: 'x' }])
				process.send?.(message);
			return 'sent';
		},
	},
	(thrown) => toVoiceError(thrown, 'STT_ENGINE', 'the child'),
);
