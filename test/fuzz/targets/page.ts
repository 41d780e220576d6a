import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { PageConnection } from '../../../lib/browser/connection.ts';
import { cookiesOf } from '../../../lib/browser/cookies.ts';
import { isOwnOrigin } from '../../../lib/browser/origin.ts';
import { readPageMessage } from '../../../lib/browser/page-messages.ts';
import { pagePath } from '../../../lib/browser/path.ts';
import { Tickets } from '../../../lib/browser/tickets.ts';
import { VoiceError } from '../../../lib/node/errors.ts';
import { textOf } from '../../../lib/node/rules.ts';
import { Page, type PageHost } from '../../../nodes/mic-capture/browser/page.ts';
import type { Chunk } from '../../../nodes/mic-capture/take.ts';
import { HandClock } from '../../lab/hand-clock.ts';
import { jsonMutator } from '../mutate-json.ts';
import { rule, type Target, Violation } from '../target.ts';

const text = (message: object) => JSON.stringify(message);
const audio = { audio: Buffer.alloc(640, 9).toString('base64') };
const SEEDS: readonly object[] = [
	{
		frames: [
			text({ type: 'start', utterance: 1, sampleRate: 48_000 }),
			audio,
			audio,
			text({ type: 'stop', utterance: 1, cause: 'silence' }),
			text({ type: 'start', utterance: 2, sampleRate: 8000 }),
			audio,
			text({ type: 'reset', utterance: 2 }),
		],
	},
	{ frames: [text({ type: 'start', utterance: 1, sampleRate: 192_000 }), { audio: 'AA==' }, 'x'] },
	{
		frames: [],
		hello: {
			cookie: 'a=1; b="%20"; c',
			origin: 'http://host:1880',
			host: 'host:1880',
			path: '/voice',
			ticket: 't',
		},
	},
];

class Socket extends EventEmitter {
	readonly OPEN = 1;
	readyState = 1;
	bufferedAmount = 0;
	readonly sent: string[] = [];
	reason = '';
	send(data: string) {
		this.sent.push(data);
	}
	close(_code: number, reason: string) {
		this.reason = reason;
	}
	terminate() {}
	ping() {}
}

const settings = {
	...{ format: { sampleRate: 16_000, channels: 1 }, framesPerBuffer: 320, maxMs: 60_000, startTimeoutMs: 0 },
	...{ silenceStopMs: 0, silenceThresholdDb: -45 },
};

/** What a browser sends: its first request's headers, then frames, which are text or (as base64) audio. */
export const target: Target = {
	covers: [
		...['connection', 'page-messages', 'path', 'cookies', 'origin', 'tickets'].map(
			(name) => `lib/browser/${name}.js`,
		),
		'nodes/mic-capture/browser/page.js',
		'nodes/mic-capture/browser/utterance.js',
	],
	seeds: SEEDS.map((seed) => Buffer.from(JSON.stringify(seed))),
	tries: 1500,
	mutate: (input, random, other) => {
		const changed = whole(input, random, other);
		if (random.chance(0.5)) return changed;
		// Inside of the text of a frame.
		try {
			const given = JSON.parse(String(changed)) as { frames: unknown[] };
			const at = random.int(given.frames.length);
			if (typeof given.frames[at] !== 'string') return changed;
			given.frames[at] = String(inner(Buffer.from(given.frames[at] as string), random, Buffer.from('{}')));
			return Buffer.from(JSON.stringify(given));
		} catch {
			return changed;
		}
	},
	async run(input) {
		let given: { frames?: unknown; hello?: unknown };
		try {
			given = JSON.parse(String(input)) ?? {};
		} catch {
			given = { frames: [String(input)] };
		}
		checkHello((given.hello ?? {}) as Record<string, unknown>);
		const frames = Array.isArray(given.frames) ? given.frames : [];
		const socket = new Socket();
		const errors: VoiceError[] = [];
		let [samples, bytes] = [0, 0];
		const streams = new Map<string, boolean>();
		const time = new HandClock();
		let streamsNamed = 0;
		let gone = 0;
		const host: PageHost = {
			settings,
			limits: { sampleRate: 16_000, maxMs: 0, startTimeoutMs: 0, silenceStopMs: 0, silenceThresholdDb: -45 },
			time,
			label: () => ({ id: String(++streamsNamed), topic: '', cause: {} }),
			started: (_, stream) => void streams.set(stream, true),
			chunk: ({ label, pcm }: Chunk) => {
				rule(streams.get(label.id) === true, 'audio of a stream that does not run');
				rule(pcm.length % 2 === 0, 'half a sample');
				samples += pcm.length / 2;
			},
			abandoned: () => {},
			ended: (stream) => {
				rule(streams.get(stream) === true, 'ended twice');
				streams.set(stream, false);
			},
			gone: () => void gone++,
			error: (error) => void errors.push(error),
		};
		const connection = new PageConnection(socket as unknown as WebSocket, { heartbeatMs: 1e6, key: '' });
		const page = new Page(host, connection);
		page.ready();
		try {
			for (const frame of frames) {
				if (typeof frame === 'string') {
					const message = readPageMessage(frame);
					if (message)
						rule(
							JSON.stringify(readPageMessage(JSON.stringify(message))) === JSON.stringify(message),
							'read twice',
						);
					socket.emit('message', Buffer.from(frame), false);
				} else if (frame !== null && typeof frame === 'object') {
					const data = Buffer.from(textOf((frame as { audio?: unknown }).audio), 'base64');
					bytes += data.length;
					socket.emit('message', data, true);
				}
			}
		} finally {
			socket.emit('close', 1000, Buffer.alloc(0));
		}
		rule(gone === 1, `gone ${gone} times`);
		rule(
			[...streams.values()].every((runs) => !runs),
			'a stream without an end',
		);
		rule(time.pending === 0, 'a timer is left');
		rule(Buffer.byteLength(socket.reason) <= 123, 'a long reason');
		// From 8 kHz to 16 kHz, with what a resampler adds at the ends.
		rule(samples <= bytes + 2000 * streams.size, `${samples} samples of ${bytes} bytes`);
		for (const error of errors) {
			rule(error instanceof VoiceError, 'another error');
			if (error.cause instanceof Violation) throw error.cause;
			rule(error.message.length < 600, 'a long error');
		}
	},
};

const fields = [
	'type',
	'utterance',
	'sampleRate',
	'cause',
	'start',
	'stop',
	'reset',
	'max',
	'silence',
	'start-timeout',
];
const inner = jsonMutator({
	words: fields,
	values: [1, 2, 3, 8000, 16_000, 44_100, 48_000, 192_000, 192_001],
});
const whole = jsonMutator({
	words: [
		'frames',
		'audio',
		'hello',
		'cookie',
		'origin',
		'host',
		'path',
		'ticket',
		'/a/b',
		'/..',
		'http://[',
		'a=b;',
		'%',
	],
	values: [audio, ...SEEDS.flatMap((seed) => (seed as { frames: unknown[] }).frames)],
});

function checkHello({ cookie, origin, host, path, ticket }: Record<string, unknown>): void {
	const asText = (value: unknown) => (typeof value === 'string' ? value : undefined);
	const cookies = cookiesOf(asText(cookie));
	for (const value of Object.values(cookies)) rule(typeof value === 'string', 'no cookie');
	const headers = { origin: asText(origin), host: asText(host), 'x-forwarded-host': asText(path) };
	rule(typeof isOwnOrigin({ headers, socket: {} }, () => true) === 'boolean', 'no answer');
	const used = pagePath(asText(path) ?? '');
	if (used !== undefined)
		rule(pagePath(used) === used && used.startsWith('/') && !used.includes('//'), `path ${used}`);
	const tickets = new Tickets();
	const good = tickets.issue();
	if (asText(ticket) !== good) rule(tickets.redeem(asText(ticket) ?? '') === undefined, 'let in');
	rule(tickets.redeem(good) !== undefined && tickets.redeem(good) === undefined, 'not good once');
}
