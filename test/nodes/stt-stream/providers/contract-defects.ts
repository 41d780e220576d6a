import {
	type OpenOptions,
	type SttEvent,
	type SttProvider,
	type SttSession,
	VoiceError,
} from '../../../../nodes/stt-stream/providers/provider.ts';

// Mistakes that an adapter may make, each put upon a good one, and the test of the contract that finds it.

/** What a defect replaces. */
export interface Defect {
	/** How the name of the test begins that finds it. */
	readonly found: string;
	open?: (good: SttProvider, options: OpenOptions, signal: AbortSignal) => Promise<SttSession>;
	session?: (good: SttSession) => Partial<SttSession>;
	events?: (good: AsyncIterator<SttEvent>) => AsyncIterator<SttEvent>;
}

const DONE: IteratorResult<SttEvent> = { done: true, value: undefined };

/** Passes over the events that are not wanted. */
const without = (unwanted: (event: SttEvent) => boolean) => (good: AsyncIterator<SttEvent>) => ({
	async next() {
		for (;;) {
			const result = await good.next();
			if (result.done || !unwanted(result.value)) return result;
		}
	},
});

/** Lets its errors through this. */
const failing =
	(change: (error: VoiceError) => IteratorResult<SttEvent>) => (good: AsyncIterator<SttEvent>) => ({
		next: () => good.next().catch(change),
	});

export const DEFECTS: Readonly<Record<string, Defect>> = {
	'the last final is lost': {
		found: 'returns the last final',
		session: (good) => {
			let isFinishing = false;
			return {
				finish() {
					isFinishing = true;
					return good.finish();
				},
				[Symbol.asyncIterator]: () =>
					without(({ type }) => isFinishing && type === 'final')(good[Symbol.asyncIterator]()),
			};
		},
	},
	'events come after the end': {
		found: 'says nothing after its end',
		events: (good) => {
			let isOver = false;
			return {
				async next() {
					if (isOver) return { done: false, value: { type: 'status', detail: 'one more' } };
					const result = await good.next();
					isOver = result.done === true;
					return result;
				},
			};
		},
	},
	'abort does nothing': {
		found: 'ends at once when it is aborted, with',
		session: () => ({ abort() {} }),
	},
	'abort waits for the recogniser': {
		found: 'ends at once when it is aborted while the recogniser hangs',
		session: (good) => ({
			abort(reason) {
				void good.finish().then(() => good.abort(reason));
			},
		}),
	},
	'abort leaves the connection': {
		found: 'ends at once when it is aborted, with',
		session: (good) => {
			let [isAborted, end] = [false, (_reason?: Error) => {}];
			const aborted = new Promise<IteratorResult<SttEvent>>((resolve, reject) => {
				end = (reason) => (reason ? reject(reason) : resolve(DONE));
			});
			aborted.catch(() => {});
			const events = good[Symbol.asyncIterator]();
			return {
				abort(reason) {
					isAborted = true;
					end(reason);
				},
				finish: async () => (isAborted ? undefined : good.finish()),
				[Symbol.asyncIterator]: () => ({ next: () => Promise.race([events.next(), aborted]) }),
			};
		},
	},
	'the writer is never asked to wait': {
		found: 'asks the writer to wait',
		session: (good) => ({
			write(pcm) {
				good.write(pcm);
				return true;
			},
		}),
	},
	'the writer is never told to go on': {
		found: 'asks the writer to wait',
		events: without(({ type }) => type === 'drain'),
	},
	'errors are swallowed': {
		found: 'fails so also when the recogniser is gone',
		events: failing(() => DONE),
	},
	'errors are none of ours': {
		found: 'fails with a VoiceError',
		events: failing((error) => {
			throw new Error(error.message);
		}),
	},
	'every error may be tried again': {
		found: 'fails for good',
		events: failing(({ code, problem, remedy }) => {
			throw new VoiceError(code, problem, remedy, { retryable: true });
		}),
	},
	'no error may be tried again': {
		found: 'fails with a VoiceError',
		events: failing(({ code, problem, remedy }) => {
			throw new VoiceError(code, problem, remedy);
		}),
	},
	'the opening throws': {
		found: 'rejects and does not throw',
		open: (good, options, signal) => {
			if (!/^[a-z-]*$/i.test(options.language)) throw new Error('what language is that?');
			return good.open(options, signal);
		},
	},
	'the opening cannot be abandoned': {
		found: 'abandons an opening',
		open: (good, options) => good.open(options, new AbortController().signal),
	},
	'an open session is ended by the signal of its opening': {
		found: 'abandons an opening',
		open: async (good, options, signal) => {
			const session = await good.open(options, signal);
			signal.addEventListener('abort', () => session.abort());
			return session;
		},
	},
	'audio is written into': {
		found: 'hears words that begin',
		session: (good) => ({
			write(pcm) {
				const answer = good.write(Buffer.from(pcm));
				pcm.fill(0);
				return answer;
			},
		}),
	},
	'the first piece is lost': {
		found: 'hears words that begin',
		session: (good) => {
			let count = 0;
			return { write: (pcm) => (count++ ? good.write(pcm) : true) };
		},
	},
	'what nobody has asked for yet is lost': {
		found: 'keeps what it hears',
		session: (good) => {
			const events: SttEvent[] = [];
			const all = (async () => {
				for await (const event of good) events.push(event);
			})();
			all.catch(() => {});
			return {
				async *[Symbol.asyncIterator]() {
					events.length = 0;
					await all;
					yield* events;
				},
			};
		},
	},
};

/** @param good a real adapter, which must not be used elsewhere */
export function withDefect(good: SttProvider, { open, session, events }: Omit<Defect, 'found'>): SttProvider {
	return {
		id: good.id,
		capabilities: good.capabilities,
		prepare: async (...asked) => good.prepare?.(...asked),
		warm: async (signal) => good.warm?.(signal),
		open(options, signal) {
			const opening = open ? open(good, options, signal) : good.open(options, signal);
			if (!session && !events) return opening;
			return opening.then((opened) => {
				const whole: SttSession = {
					write: (pcm) => opened.write(pcm),
					finish: () => opened.finish(),
					abort: (reason) => opened.abort(reason),
					[Symbol.asyncIterator]: () => opened[Symbol.asyncIterator](),
					...session?.(opened),
				};
				if (!events) return whole;
				return { ...whole, [Symbol.asyncIterator]: () => events(whole[Symbol.asyncIterator]()) };
			});
		},
	};
}
