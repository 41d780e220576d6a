import { readFileSync, readlinkSync } from 'node:fs';
import { link, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { readPlain } from '../../../../../lib/node/plain-file.ts';
import { VoiceError } from '../../provider.ts';

const MAX_BYTES = 64_000;
const BEAT_MS = 5000;
/** A lock of another machine or container (a shared folder) that was not touched for so long is nobody's. */
const STALE_MS = 60_000;

interface Owner {
	readonly pid: number;
	/** When that process began, in the system's own ticks: process ids come back. */
	readonly began: string;
	/** The machine since it was started, and the container in which the process id means something. */
	readonly machine: string;
}

/**
 * Runs `work` while a file says that this process does. A lock whose process is gone, also by SIGKILL or a power cut,
 * does not hold.
 * @throws VoiceError STT_ENGINE, retryable, if another process works on it; what `work` throws
 */
export async function withLock<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
	await acquire(path, what);
	const beat = setInterval(() => {
		const now = new Date();
		utimes(path, now, now).catch(() => {});
	}, BEAT_MS);
	beat.unref();
	try {
		return await work();
	} finally {
		clearInterval(beat);
		await rm(path, { force: true });
	}
}

async function acquire(path: string, what: string): Promise<void> {
	const mine = JSON.stringify(ownerOf(process.pid));
	for (let tries = 0; tries < 5; tries++) {
		try {
			return await writeFile(path, mine, { flag: 'wx' });
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		}
		const held = await contents(path).catch(() => undefined);
		if (held !== undefined && (await isHeld(held, path))) break;
		if (held !== undefined) await removeStale(path, held);
	}
	throw new VoiceError('STT_ENGINE', `${what} is being downloaded already`, 'wait until that has ended', {
		retryable: true,
	});
}

/** Not of a pipe that has its name: it would be read for ever. */
const contents = async (path: string) => String(await readPlain(path, MAX_BYTES));

async function isHeld(text: string, path: string): Promise<boolean> {
	// Unreadable while it is being written.
	const owner = parse(text);
	const fresh = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0) < STALE_MS;
	if (owner?.machine !== machine()) return fresh;
	return owner.began === beganOf(owner.pid);
}

/** Puts it back where somebody else has done so meanwhile, and taken the lock. */
async function removeStale(path: string, held: string): Promise<void> {
	const aside = `${path}.stale-${process.pid}`;
	try {
		await rename(path, aside);
		if ((await contents(aside)) !== held) await link(aside, path);
	} catch {
		// gone, or taken again
	}
	await rm(aside, { force: true });
}

function parse(text: string): Owner | undefined {
	try {
		return JSON.parse(text) as Owner;
	} catch {
		return undefined;
	}
}

const ownerOf = (pid: number): Owner => ({ pid, began: beganOf(pid) ?? '', machine: machine() });

/** Undefined if there is no such process. */
function beganOf(pid: number): string | undefined {
	try {
		// The name, in brackets, may hold anything; the beginning is the 22nd field (proc(5)).
		const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
			.replace(/^.*\) /s, '')
			.split(' ');
		if (fields[0] !== 'Z') return fields[19];
	} catch {
		if (process.platform !== 'linux' && isAlive(pid)) return '';
	}
	return undefined;
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
}

function machine(): string {
	try {
		const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
		return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
	} catch {
		return hostname();
	}
}
