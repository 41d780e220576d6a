import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

// The shell stays the parent of the command and of a watcher that waits for the end of file on descriptor 3,
// the life line. That end comes when Node-RED closes it or dies, even by SIGKILL: the command cannot outlive
// us, not even while it hangs in a driver. Because the shell reaps both, no zombie is left to a container
// whose process 1 does not reap. Descriptor 4 is Node's IPC channel, which only the command may keep open.
//
// A SIGTERM that comes while the shell forks would be lost: the shell does not know the command's process id
// yet, and the command still has the shell's trap. So the trap remembers it for the first, and for the second
// the command's process writes a line to the life line when its traps are gone; `stop` waits for that. The
// watcher of a very short command would lose it too, and is therefore killed. A signal also interrupts `wait`,
// which then has to be asked again; 127 may mean that it had told the exit code already.
const GUARD = `
command= early= again=1 code=127
trap 'again=1; if [ -n "$command" ]; then kill -TERM "$command"; else early=1; fi' TERM INT HUP
exec 5<&0
{ echo ready >&3; exec "$@" <&5 5<&- 3<&-; } & command=$!
exec 5<&- 0</dev/null
{ read -r _; kill -KILL "$command"; } <&3 3<&- 4<&- >/dev/null 2>&1 & watcher=$!
exec 1>/dev/null 2>/dev/null 3<&- 4<&-
[ -z "$early" ] || kill -TERM "$command"
while [ -n "$again" ]; do
	again=; wait "$command"; status=$?
	[ "$status" = 127 ] || code=$status
done
kill -KILL "$watcher"; wait "$watcher"
exit "$code"
`;

export interface GuardedOptions {
	env?: NodeJS.ProcessEnv;
	/** Open an IPC channel (`serialization: 'advanced'`, so that Buffers stay binary). */
	ipc?: boolean;
}

export interface ExitState {
	/** Exit code; a signal shows as 128 + its number. */
	code: number;
}

/** A command that ends with us. Emits nothing itself: use `process` for the streams and `exited` for the end. */
export interface GuardedProcess {
	readonly process: ChildProcess;
	/** Never rejects. */
	readonly exited: Promise<ExitState>;
	/** SIGTERM, then SIGKILL after `graceMs`; resolves when the process is gone. */
	stop(graceMs?: number): Promise<ExitState>;
	/** SIGKILL at once; resolves when the process is gone. */
	kill(): Promise<ExitState>;
}

/** The absolute path of a command, or undefined if PATH does not have it. */
export function findCommand(
	command: string,
	path: string | undefined = process.env['PATH'],
): string | undefined {
	const candidates = command.includes('/')
		? [command]
		: (path ?? '')
				.split(delimiter)
				.filter(Boolean)
				.map((folder) => join(folder, command));
	return candidates.find((candidate) => {
		try {
			accessSync(candidate, constants.X_OK);
			return statSync(candidate).isFile();
		} catch {
			return false;
		}
	});
}

/**
 * Starts `command` (a path, see `findCommand`) with pipes for stdin, stdout and stderr, tied to our own life.
 * A command that cannot be started is no exception: `exited` then resolves with code 126 or 127. Throws only for
 * arguments that no command can have (a NUL character, megabytes).
 */
export function spawnGuarded(
	command: string,
	args: readonly string[],
	options: GuardedOptions = {},
): GuardedProcess {
	const posix = process.platform !== 'win32';
	const stdio: NonNullable<SpawnOptions['stdio']> = ['pipe', 'pipe', 'pipe', 'pipe'];
	if (options.ipc) (stdio as string[]).push('ipc');
	const child = spawn(
		posix ? '/bin/sh' : command,
		posix ? ['-c', GUARD, 'sh', command, ...args] : [...args],
		{ stdio, env: options.env ?? process.env, serialization: 'advanced', detached: posix, windowsHide: true },
	);
	// Without a free descriptor there are no streams at all, only an 'error' event.
	const streams = (child.stdio ?? []) as ChildProcess['stdio'];
	const lifeline = streams[3] as Duplex | null | undefined;
	// A pipe whose far end is gone reports EPIPE; the exit tells the same and is what everybody listens to.
	for (const stream of streams) stream?.on('error', () => {});
	const exited = new Promise<ExitState>((resolve) => {
		child.on('error', () => resolve({ code: 127 }));
		child.once('exit', (code, signal) => {
			// Should the shell have died without its command, this ends the command …
			lifeline?.destroy();
			// … and this does so where it had not come to start the watcher. The shell never ends by a signal of ours.
			if (posix && signal) killGroup(child.pid);
			resolve({ code: code ?? (signal === 'SIGKILL' ? 137 : 143) });
		});
	});
	const ready = new Promise((resolve) => (posix ? lifeline?.once('data', resolve) : resolve(true)));
	const kill = (): Promise<ExitState> => {
		if (posix) lifeline?.destroy();
		else child.kill('SIGKILL');
		return exited;
	};
	const stop = async (graceMs = 2000): Promise<ExitState> => {
		const timer = setTimeout(kill, graceMs);
		ready.then(() => child.kill('SIGTERM'));
		return exited.finally(() => clearTimeout(timer));
	};
	return { process: child, exited, stop, kill };
}

/** Ends what is left of the process group that `leader` led. */
function killGroup(leader: number | undefined): void {
	try {
		if (leader) process.kill(-leader, 'SIGKILL');
	} catch {
		// Nothing is left.
	}
}

/** Keeps the last lines of a process's stderr, for error messages. At most about `limit` characters. */
export function collectTail(stream: NodeJS.ReadableStream, limit = 2000): () => string {
	const decoder = new StringDecoder();
	let tail = '';
	stream.on('data', (chunk: Buffer | string) => {
		tail = (tail + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).slice(-limit);
	});
	return () => tail.trim();
}
