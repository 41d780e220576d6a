import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPlain } from '../../../../../lib/node/plain-file.ts';
import { VoiceError } from '../../provider.ts';
import { type Answer, get, RedirectError, shown } from './http.ts';
import { changed } from './install-errors.ts';

/** Between attempts; they begin anew whenever something has arrived. */
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000];
const RETRY_AFTER_MAX_MS = 60_000;
const NOTE_MAX_BYTES = 64_000;
/** So often is asked whether there is room for a file whose size nobody knows. */
const ROOM_BYTES = 64_000_000;

export interface DownloadOptions {
	readonly signal: AbortSignal;
	/** Give up a connection on which nothing comes for so long, and try again. */
	readonly stallMs?: number;
	readonly backoffMs?: readonly number[];
	/** Called with each piece; `total` is 0 while unknown. */
	readonly onProgress?: (done: number, total: number) => void;
	/**
	 * Called with the size before the first byte is written, and where that is unknown, again and again with what there
	 * is; may throw.
	 */
	readonly onSize?: (missing: number, total: number) => Promise<void>;
	/** More than this is refused, and nothing of it kept; default: any size. */
	readonly maxBytes?: number;
}

/** What must still hold for bytes of an earlier download to be the beginning of this one. */
interface Beginning {
	readonly url: string;
	/** ETag, or the time of last modification. */
	readonly validator: string;
}

/**
 * Downloads a file, going on where an earlier download of the same file ended (HTTP ranges, for as long as the
 * server says that it is the same). What there is stays in `path` when it fails or is interrupted.
 * @throws VoiceError STT_MODEL_MISSING if the server does not have it, STT_CONNECT for a server that does not work;
 *   the file system's error; the signal's reason
 */
export async function download(url: URL, path: string, options: DownloadOptions): Promise<void> {
	const { signal, backoffMs = BACKOFF_MS } = options;
	for (let failures = 0; ; failures++) {
		const before = await sizeOf(path);
		try {
			return await attempt(url, path, options);
		} catch (thrown) {
			signal.throwIfAborted();
			if (thrown instanceof EndlessError) {
				await discard(path);
				throw changed(url, thrown.message);
			}
			if (thrown instanceof VoiceError || isOfDisk(thrown)) throw thrown;
			if (isPermanent(thrown)) throw unreachable(url, thrown, false);
			if ((await sizeOf(path)) > before) failures = 0;
			const wait = backoffMs[failures];
			if (wait === undefined) throw unreachable(url, thrown, true);
			const asked = thrown instanceof BusyError ? thrown.retryAfterMs : 0;
			// Not all at the same moment, should the server have had to restart.
			await sleep(Math.max(asked, wait * (0.75 + Math.random() / 2)), undefined, { signal });
		}
	}
}

/** Forgets what has been downloaded. */
export async function discard(path: string): Promise<void> {
	await rm(path, { force: true });
	await rm(noteOf(path), { force: true });
	await rm(`${noteOf(path)}.new`, { force: true });
}

async function attempt(url: URL, path: string, options: DownloadOptions): Promise<void> {
	const { signal, stallMs = 30_000, onProgress, onSize, maxBytes = Number.POSITIVE_INFINITY } = options;
	const beginning = await readBeginning(path, url);
	const have = beginning ? await sizeOf(path) : 0;
	const headers = have && beginning ? { range: `bytes=${have}-`, 'if-range': beginning.validator } : {};
	const answer = await get(url, { headers, signal, stallMs });
	const { body } = answer;
	try {
		if (answer.status === 416) return await afterRefusedRange(answer, url, path, have, options);
		checkStatus(answer, url);
		const from = answer.status === 206 ? rangeStart(answer) : 0;
		if (from !== 0 && from !== have) {
			await discard(path);
			throw new CutError(`${url.host} sent another part than it was asked for`);
		}
		const length = Number(answer.headers['content-length'] ?? 0);
		const total = length && from + length;
		if (total > maxBytes) throw new EndlessError(maxBytes);
		await onSize?.(length, total);
		if (from === 0) await begin(path, url, answer);
		const file = await open(path, from === 0 ? 'w' : 'a');
		let done = from;
		let looked = from;
		try {
			for await (const piece of body as AsyncIterable<Buffer>) {
				await file.writeFile(piece);
				done += piece.length;
				onProgress?.(done, total);
				if (done > maxBytes) throw new EndlessError(maxBytes);
				if (total || done - looked < ROOM_BYTES) continue;
				looked = done;
				await onSize?.(0, done);
			}
		} finally {
			await file.close();
		}
		if (total && done !== total) throw new CutError(`${url.host} ended the connection too early`);
	} finally {
		body.on('error', () => {}).destroy();
	}
}

/** Nothing is missing, or what there is is not the beginning of what the server has. */
async function afterRefusedRange(
	{ headers }: Answer,
	url: URL,
	path: string,
	have: number,
	options: DownloadOptions,
): Promise<void> {
	const [, size] = /\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
	if (have > 0 && Number(size) === have) return;
	await discard(path);
	if (have === 0) throw refused(url, 416);
	await attempt(url, path, options);
}

/** Where the server's bytes begin, -1 if it does not say. */
function rangeStart({ headers }: Answer): number {
	return Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? -1);
}

/** Notes what the file will be the beginning of, before there is any of it. */
async function begin(path: string, url: URL, { headers }: Answer): Promise<void> {
	await discard(path);
	const { etag } = headers;
	// A weak ETag may stay when bytes change (RFC 9110, 13.1.5).
	const validator = etag && !etag.startsWith('W/') ? etag : headers['last-modified'];
	if (!validator) return;
	const beginning: Beginning = { url: shown(url), validator };
	await writeFile(`${noteOf(path)}.new`, JSON.stringify(beginning));
	await rename(`${noteOf(path)}.new`, noteOf(path));
}

async function readBeginning(path: string, url: URL): Promise<Beginning | undefined> {
	try {
		const beginning = JSON.parse(
			String(await readPlain(noteOf(path), NOTE_MAX_BYTES)),
		) as Partial<Beginning> | null;
		const { url: noted, validator } = beginning ?? {};
		if (noted === shown(url) && typeof validator === 'string' && !/[\r\n]/.test(validator))
			return { url: noted, validator };
	} catch {
		// Not there, or cut short: begin anew.
	}
	return undefined;
}

const noteOf = (path: string) => `${path}.json`;

export const sizeOf = async (path: string): Promise<number> =>
	(await stat(path).catch(() => undefined))?.size ?? 0;

class CutError extends Error {}

class EndlessError extends Error {
	constructor(maxBytes: number) {
		super(`more than ${Math.round(maxBytes / 1_000_000)} MB`);
	}
}

class BusyError extends Error {
	readonly retryAfterMs: number;

	constructor(url: URL, { status, headers }: Answer) {
		super(`${url.host} answers with HTTP status ${status}`);
		const seconds = Number(headers['retry-after']);
		this.retryAfterMs = Number.isFinite(seconds) ? Math.min(seconds * 1000, RETRY_AFTER_MAX_MS) : 0;
	}
}

function checkStatus(answer: Answer, url: URL): void {
	const { status } = answer;
	if (status === 200 || status === 206) return;
	if (status === 408 || status === 429 || status >= 500) throw new BusyError(url, answer);
	throw refused(url, status);
}

function refused(url: URL, status: number): VoiceError {
	const missing = status === 404 || status === 410;
	return new VoiceError(
		missing ? 'STT_MODEL_MISSING' : 'STT_CONNECT',
		missing ? `${shown(url)} does not exist` : `${shown(url)} is refused with HTTP status ${status}`,
		missing
			? "check the model's name and the mirror's address"
			: 'check the address of the mirror, or try again later',
	);
}

function unreachable(url: URL, cause: unknown, retryable: boolean): VoiceError {
	return new VoiceError(
		'STT_CONNECT',
		`${shown(url)} cannot be downloaded (${(cause as Error).message})`,
		retryable
			? 'check the internet connection, or use a mirror; the same command goes on where this one ended'
			: 'check the address of the mirror and, if it is your own, its certificate (NODE_EXTRA_CA_CERTS)',
		{ cause, retryable },
	);
}

function isOfDisk(thrown: unknown): boolean {
	const { code, syscall } = thrown as NodeJS.ErrnoException;
	return code !== 'EPIPE' && /^(write|open|rename|unlink|mkdir|fsync|stat)$/.test(syscall ?? '');
}

/** OpenSSL's words for certificates that nobody vouches for (x509_vfy.h), and Node.js's. */
const CERTIFICATE = /CERT|SELF_SIGNED|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^INVALID_CA$|^ERR_(TLS|SSL)/;

/** The same attempt would fail again. */
function isPermanent(thrown: unknown): boolean {
	return thrown instanceof RedirectError || CERTIFICATE.test((thrown as NodeJS.ErrnoException).code ?? '');
}

/** All of a small text, or undefined if the server does not have it, does not work or sends too much. */
export async function fetchText(
	url: URL,
	maxBytes: number,
	signal: AbortSignal,
): Promise<string | undefined> {
	try {
		const { status, body } = await get(url, { signal, stallMs: 10_000 });
		const pieces: Buffer[] = [];
		let length = 0;
		try {
			if (status !== 200) return undefined;
			for await (const piece of body as AsyncIterable<Buffer>) {
				length += piece.length;
				if (length > maxBytes) return undefined;
				pieces.push(piece);
			}
			return Buffer.concat(pieces).toString('utf8');
		} finally {
			body.on('error', () => {}).destroy();
		}
	} catch {
		signal.throwIfAborted();
		return undefined;
	}
}

/** A file piece by piece, with progress. */
export async function* readPieces(path: string, onDone?: (bytes: number) => void): AsyncGenerator<Buffer> {
	let done = 0;
	for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
		yield piece;
		done += piece.length;
		onDone?.(done);
	}
}
