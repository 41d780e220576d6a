import { openSync, writevSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { basename, join } from 'node:path';
import process from 'node:process';
import { HEADER_BYTES, KINDS, type Kind, type Told } from './marks.ts';

// Preloaded (`node --import`) into Node-RED and the processes that it starts: notes when sound and text pass. A note is
// one write to a file in memory, some hundredths of a millisecond, which are among what is measured.

const folder = process.env['VOICE_BENCH_MARKS'];
const ports = new Set((process.env['VOICE_BENCH_PORTS'] ?? '').split(',').map(Number));

let file: number | undefined;

function mark(kind: Kind, data: Uint8Array): void {
	const header = Buffer.alloc(HEADER_BYTES);
	header.writeBigUInt64LE(process.hrtime.bigint());
	header.writeUInt32LE(KINDS[kind], 8);
	header.writeUInt32LE(data.length, 12);
	file ??= openSync(join(folder ?? '', `${process.pid}.marks`), 'a');
	writevSync(file, [header, data]);
}

type Method = (this: object, ...args: unknown[]) => unknown;

function wrap(owner: object, name: string, around: (original: Method) => Method): void {
	const methods = owner as Record<string, Method>;
	Object.defineProperty(owner, name, { value: around(methods[name]!), writable: true, configurable: true });
}

/** naudiodon's reads, in the process that owns it. */
function watchAddon(): void {
	wrap(
		process,
		'dlopen',
		(original) =>
			function (...args) {
				const result = original.apply(this, args);
				const [module, path] = args as [{ exports: object }, string];
				if (basename(path) === 'naudiodon.node') {
					module.exports = Object.create(module.exports);
					wrap(
						module.exports,
						'create',
						(create) =>
							(...options) =>
								watched(create.apply({}, options)),
					);
				}
				return result;
			},
	);
}

function watched(stream: unknown): unknown {
	if (typeof (stream as { read?: unknown }).read === 'function')
		wrap(
			stream as object,
			'read',
			(original) =>
				async function (...args) {
					const piece = (await original.apply(this, args)) as { buf: Buffer };
					if (piece.buf.length) mark('captured', piece.buf);
					return piece;
				},
		);
	return stream;
}

/** Node-RED's end of the recognisers' connections. HTTP/2 passes these by. */
function watchSockets(): void {
	/** Calls `note` first if it is such a connection. */
	const watch = (name: string, note: (argument: unknown) => void) =>
		wrap(
			Socket.prototype,
			name,
			(original) =>
				function (...args) {
					if (ports.has(Number((this as Socket).remotePort))) note(args[0]);
					return original.apply(this, args);
				},
		);
	watch('_write', (chunk) => mark('sent', chunk as Buffer));
	watch('_writev', (chunks) =>
		mark('sent', Buffer.concat((chunks as { chunk: Buffer }[]).map(({ chunk }) => chunk))),
	);
	watch('push', (data) => {
		if (data) mark('received', data as Buffer);
	});
}

interface SendEvent {
	readonly msg: { readonly payload?: unknown; readonly complete?: unknown };
	readonly source: { readonly id: string; readonly port: number };
}
interface Hooks {
	add(name: string, handler: (events: SendEvent[]) => void): void;
}

/** What nodes send. */
function watchMessages(main: string): void {
	const { hooks } = createRequire(main)('@node-red/util') as { hooks: Hooks };
	hooks.add('onSend.path', (events) => {
		for (const { msg, source } of events) {
			const { payload, complete } = msg;
			const told: Told = {
				node: source.id,
				port: source.port,
				...((typeof payload === 'boolean' || typeof payload === 'string') && { payload }),
				...(complete === true && { complete }),
			};
			mark('told', Buffer.from(JSON.stringify(told)));
		}
	});
}

if (folder) {
	watchAddon();
	const main = process.argv[1] ?? '';
	if (basename(main) === 'red.js') {
		watchSockets();
		watchMessages(main);
	}
}
