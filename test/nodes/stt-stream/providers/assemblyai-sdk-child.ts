/**
 * The vendor's own SDK, in a process of its own: it connects only to wss://, and the authority to trust must be in
 * NODE_EXTRA_CA_CERTS before Node.js starts. Each message is a Task; the answer is its Report.
 */
import process from 'node:process';
import {
	AssemblyAI,
	RealtimeTranscriber,
	type RealtimeTranscriberParams,
	StreamingTranscriber,
	type StreamingTranscriberParams,
	type StreamingUpdateConfiguration,
} from 'assemblyai';

export interface Task {
	version: 2 | 3;
	/** https://host:port; asks for a temporary token there, in place of using the key. */
	tokensFrom?: string;
	apiKey: string;
	/** Of the transcriber. */
	params: Partial<StreamingTranscriberParams> & Omit<RealtimeTranscriberParams, 'token'>;
	pieces: Buffer[];
	/** Leaves the model out where `params` name none, as the SDK does. */
	withoutModel?: boolean;
	/** After the audio. */
	controls?: (
		| 'force'
		| 'keepAlive'
		| { update: Partial<StreamingUpdateConfiguration> }
		| { silence: number }
	)[];
	/** Waits for this event before it closes the session. */
	until?: string;
}

export interface Report {
	/** In order; 'failed' = connect() rejected. */
	events: { name: string; data: Record<string, unknown> }[];
}

type Emit = (name: string, data: unknown) => void;

async function run(task: Task): Promise<Report> {
	const events: Report['events'] = [];
	let look = (): void => {};
	const emit: Emit = (name, data) => {
		events.push({ name, data: plain(data) });
		look();
	};
	const { apiKey, tokensFrom, version } = task;
	const client = new AssemblyAI({
		apiKey,
		...(tokensFrom && { baseUrl: tokensFrom, streamingBaseUrl: tokensFrom }),
	});
	const secret: { apiKey: string } | { token: string } = !tokensFrom
		? { apiKey }
		: {
				token: await (version === 3
					? client.streaming.createTemporaryToken({ expires_in_seconds: 60 })
					: client.realtime.createTemporaryToken({ expires_in: 60 })),
			};
	const session = version === 3 ? v3(task, secret, emit) : v2(task, secret, emit);
	try {
		emit('begin', await session.connect());
	} catch (error) {
		emit('failed', error);
		return { events };
	}
	try {
		for (const piece of task.pieces) {
			session.sendAudio(piece);
			await new Promise((resolve) => setImmediate(resolve));
		}
	} catch (error) {
		emit('unsent', error);
	}
	for (const control of task.controls ?? []) session.control(control);
	const { until } = task;
	if (until)
		await new Promise<void>((resolve) => {
			look = () => events.some(({ name }) => name === until) && resolve();
			look();
		});
	await session.close();
	return { events };
}

function v3({ params, withoutModel }: Task, secret: object, emit: Emit) {
	const patient = { connectTimeout: 60_000, connectionRetryDelay: 1 };
	const session = new StreamingTranscriber({
		sampleRate: 16_000,
		...(!withoutModel && { speechModel: 'universal-streaming-english' }),
		...patient,
		...secret,
		...params,
	} as StreamingTranscriberParams);
	session.on('open', (event) => emit('open', event));
	session.on('turn', (event) => emit('turn', event));
	session.on('warning', (event) => emit('warning', event));
	session.on('heartbeat', (event) => emit('heartbeat', event));
	session.on('silence', (event) => emit('silence', event));
	// The SDK has this event, but not in its types.
	(session.on as (name: string, listen: (event: unknown) => void) => void).call(
		session,
		'speechStarted',
		(event) => emit('speechStarted', event),
	);
	session.on('error', (error) => emit('error', error));
	session.on('close', (code, reason) => emit('close', { code, reason }));
	return {
		connect: () => session.connect(),
		sendAudio: (piece: Buffer) => session.sendAudio(bytes(piece)),
		control(control: NonNullable<Task['controls']>[number]) {
			if (control === 'force') session.forceEndpoint();
			else if (control === 'keepAlive') session.keepAlive();
			else if ('update' in control) session.updateConfiguration(control.update);
		},
		close: () => session.close(true, 60_000),
	};
}

function v2({ params }: Task, secret: object, emit: Emit) {
	const session = new RealtimeTranscriber({ ...secret, ...params } as RealtimeTranscriberParams);
	session.on('open', (event) => emit('open', event));
	session.on('transcript', (event) => emit('transcript', event));
	session.on('session_information', (event) => emit('information', event));
	session.on('error', (error) => emit('error', error));
	session.on('close', (code, reason) => emit('close', { code, reason }));
	return {
		connect: () => session.connect(),
		sendAudio: (piece: Buffer) => session.sendAudio(bytes(piece)),
		control(control: NonNullable<Task['controls']>[number]) {
			if (control === 'force') session.forceEndUtterance();
			else if (typeof control === 'object' && 'silence' in control)
				session.configureEndUtteranceSilenceThreshold(control.silence);
		},
		close: () => session.close(true, 60_000),
	};
}

/** Errors as objects; everything else as it is. */
function plain(data: unknown): Record<string, unknown> {
	if (!(data instanceof Error)) return data as Record<string, unknown>;
	const { code } = data as { code?: unknown };
	return { message: data.message, ...(code !== undefined && { code }) };
}

const bytes = (piece: Buffer): ArrayBuffer =>
	piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.length) as ArrayBuffer;

// Warnings of the SDK's own.
console.warn = () => {};
process.on('disconnect', () => process.exit());
process.on('message', (task: Task) => {
	run(task).then(
		(report) => process.send?.(report),
		(error) => process.send?.({ events: [{ name: 'broken', data: plain(error) }] }),
	);
});
