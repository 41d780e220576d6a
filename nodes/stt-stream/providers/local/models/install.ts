import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { VoiceError } from '../../provider.ts';
import { inspectModel } from '../sherpa-onnx/model.ts';
import { inspectVad } from '../sherpa-onnx/vad-model.ts';
import { DamagedArchiveError, UnsafeArchiveError } from './archive-errors.ts';
import { bunzip2 } from './bunzip2.ts';
import { CHECKSUM_FILE, catalogueEntry, DEFAULT_BASE } from './catalogue.ts';
import { type DownloadOptions, discard, download, fetchText, readPieces, sizeOf } from './download.ts';
import { badName, changed, explain, noModel, noSpace } from './install-errors.ts';
import { withLock } from './lock.ts';
import { isInstalled, isModelName, isSingleFile } from './store.ts';
import { untar } from './untar.ts';
import { unusable } from './usable.ts';

const MB = 1_000_000;
/** Networks hardly compress: the archives unpack to 1.02 to 1.22 times their size. */
const UNPACKED_FACTOR = 1.5;
/** A catalogue's size is exact, or about right. */
const ARCHIVE_FACTOR = 2;
const ARCHIVE_MIN_BYTES = 8 * MB;
const ARCHIVE_MAX_BYTES = 8000 * MB;
/** More than that is no model. */
const UNPACKED_MAX_FACTOR = 20;
const UNPACKED_MIN_BYTES = 256 * MB;
const UNPACKED_MAX_BYTES = 16_000 * MB;
const ENTRIES_MAX = 10_000;
const CHECKSUMS_MAX_BYTES = 4 * MB;

export interface InstallProgress {
	readonly phase: 'download' | 'check' | 'unpack';
	/** Bytes of the archive. */
	readonly done: number;
	/** 0 while unknown. */
	readonly total: number;
}

export interface InstallOptions extends Pick<DownloadOptions, 'stallMs' | 'backoffMs'> {
	/** The address before `/<name>.tar.bz2` or `/<name>.onnx`; '' = the release page of sherpa-onnx. */
	readonly base?: string;
	readonly signal?: AbortSignal;
	readonly onProgress?: (progress: InstallProgress) => void;
}

export interface Installed {
	/** Or the file, of what is a single one. */
	readonly folder: string;
	/** It was there already, and nothing was downloaded. */
	readonly already: boolean;
	/** The archive was compared with a checksum; where none is known, only with those inside of it. */
	readonly verified: boolean;
}

/**
 * Downloads a model and unpacks it to `<modelsDir>/<name>`, which is there either whole or not at all. What has been
 * downloaded is kept for the next time if it fails, in hidden files beside it.
 * @param name of the catalogue, or of another archive that the server has
 * @throws VoiceError STT_CONFIG, STT_MODEL_MISSING, STT_CONNECT, STT_ENGINE (in progress elsewhere; no space); the
 *   signal's reason
 */
export async function installModel(
	name: string,
	modelsDir: string,
	options: InstallOptions = {},
): Promise<Installed> {
	if (!isModelName(name)) throw badName(name);
	const address = archiveAddress(name, options.base || DEFAULT_BASE);
	const folder = join(modelsDir, name);
	const paths = hiddenPaths(modelsDir, name);
	if (isInstalled(name, modelsDir)) return { folder, already: true, verified: false };
	try {
		await mkdir(modelsDir, { recursive: true });
		return await withLock(paths.lock, name, async () => {
			if (isInstalled(name, modelsDir)) return { folder, already: true, verified: false };
			await removeUnfinished(modelsDir, name);
			const verified = await fetchArchive(name, address, paths.archive, modelsDir, options);
			if (isSingleFile(name)) await placeFile(paths.archive, folder);
			else await unpack(name, paths.archive, modelsDir, options);
			await discard(paths.archive);
			return { folder, already: false, verified };
		});
	} catch (thrown) {
		options.signal?.throwIfAborted();
		throw explain(thrown, modelsDir);
	}
}

/**
 * Removes a model, and what an unfinished download of it has left.
 * @returns whether there was anything
 * @throws VoiceError STT_ENGINE while it is being downloaded; STT_CONFIG for a name that no model can have
 */
export async function removeModel(name: string, modelsDir: string): Promise<boolean> {
	if (!isModelName(name)) throw badName(name);
	const paths = hiddenPaths(modelsDir, name);
	const before = await readdir(modelsDir).catch(() => []);
	if (!before.some((entry) => entry === name || entry.startsWith(`.${name}.`))) return false;
	try {
		await withLock(paths.lock, name, async () => {
			// Gone at once for whoever looks, however long the removal takes.
			const aside = await mkdtemp(join(modelsDir, `.${name}.unpack-`));
			await rename(join(modelsDir, name), join(aside, name)).catch(ignoreMissing);
			await removeUnfinished(modelsDir, name);
			await discard(paths.archive);
		});
	} catch (thrown) {
		throw explain(thrown, modelsDir);
	}
	return true;
}

/** How much of a model's archive an unfinished download has left, in bytes. */
export function downloadedBytes(name: string, modelsDir: string): Promise<number> {
	return sizeOf(hiddenPaths(modelsDir, name).archive);
}

/** Names that begin with a dot are no models. */
function hiddenPaths(modelsDir: string, name: string): { lock: string; archive: string } {
	const file = isSingleFile(name) ? name : `${name}.tar.bz2`;
	return { lock: join(modelsDir, `.${name}.lock`), archive: join(modelsDir, `.${file}.part`) };
}

function archiveAddress(name: string, base: string): URL {
	const address = `${base.replace(/\/+$/, '')}/${name}${isSingleFile(name) ? '' : '.tar.bz2'}`;
	if (/^https?:\/\/./.test(address) && URL.canParse(address)) return new URL(address);
	throw new VoiceError(
		'STT_CONFIG',
		'The address of the mirror is no web address',
		'use one such as https://host/folder, below which the .tar.bz2 files are',
	);
}

/** @returns whether a checksum was compared */
async function fetchArchive(
	name: string,
	address: URL,
	archive: string,
	modelsDir: string,
	options: InstallOptions,
): Promise<boolean> {
	const { signal = new AbortController().signal, onProgress, ...timing } = options;
	const entry = catalogueEntry(name);
	const checksum = entry?.sha256 ?? (await publishedChecksum(address, signal));
	await download(address, archive, {
		...timing,
		signal,
		onProgress: (done, total) => onProgress?.({ phase: 'download', done, total }),
		onSize: (missing, total) => checkSpace(modelsDir, missing + total * UNPACKED_FACTOR),
		// An endless one would fill the disk.
		maxBytes: entry?.bytes ? Math.max(ARCHIVE_MIN_BYTES, entry.bytes * ARCHIVE_FACTOR) : ARCHIVE_MAX_BYTES,
	});
	const total = await sizeOf(archive);
	if (entry?.exact && entry.bytes !== total) {
		await discard(archive);
		throw changed(address, `${total} bytes instead of ${entry.bytes}`);
	}
	if (checksum === undefined) return false;
	const hash = createHash('sha256');
	for await (const piece of readPieces(archive, (done) => onProgress?.({ phase: 'check', done, total }))) {
		signal.throwIfAborted();
		hash.update(piece);
	}
	if (hash.digest('hex') === checksum) return true;
	await discard(archive);
	throw changed(address, 'another checksum than the publisher states');
}

/** From the list beside the archives: "name sha256" on each line. */
async function publishedChecksum(address: URL, signal: AbortSignal): Promise<string | undefined> {
	const list = await fetchText(new URL(CHECKSUM_FILE, address), CHECKSUMS_MAX_BYTES, signal);
	const file = address.pathname.split('/').at(-1);
	const fields = list?.split('\n').map((line) => line.trim().split(/\s+/));
	const found = fields?.find(([one]) => one === file)?.[1]?.toLowerCase();
	return found && /^[0-9a-f]{64}$/.test(found) ? found : undefined;
}

/** A detector of speech is a file of its own. */
async function placeFile(file: string, place: string): Promise<void> {
	try {
		await inspectVad(file);
	} catch (cause) {
		await discard(file);
		throw noModel(basename(place), 'is no detector of speech that the engine knows', cause);
	}
	const handle = await open(file, 'r+');
	await handle.sync().finally(() => handle.close());
	await rename(file, place);
}

async function unpack(
	name: string,
	archive: string,
	modelsDir: string,
	{ signal, onProgress }: InstallOptions,
): Promise<void> {
	const total = await sizeOf(archive);
	const maxBytes = Math.min(UNPACKED_MAX_BYTES, Math.max(UNPACKED_MIN_BYTES, total * UNPACKED_MAX_FACTOR));
	const place = await mkdtemp(join(modelsDir, `.${name}.unpack-`));
	try {
		const pieces = readPieces(archive, (done) => {
			signal?.throwIfAborted();
			onProgress?.({ phase: 'unpack', done, total });
		});
		await untar(bunzip2(pieces), place, { maxBytes, maxEntries: ENTRIES_MAX });
		const model = await findInside(place, name);
		signal?.throwIfAborted();
		// Only what is no usable model can be in the way.
		await rm(join(modelsDir, name), { recursive: true, force: true });
		await rename(model, join(modelsDir, name));
	} catch (thrown) {
		// It would be as useless the next time.
		if (thrown instanceof DamagedArchiveError || thrown instanceof UnsafeArchiveError) await discard(archive);
		if (thrown instanceof VoiceError && thrown.code === 'STT_MODEL_MISSING') await discard(archive);
		throw thrown;
	} finally {
		await rm(place, { recursive: true, force: true });
	}
}

/** Archives hold the model in a folder, or its files themselves. */
async function findInside(place: string, name: string): Promise<string> {
	const folders = (await readdir(place, { withFileTypes: true })).filter((entry) => entry.isDirectory());
	const candidates = [place, ...folders.map((entry) => join(place, entry.name))];
	const found = candidates.find((candidate) => unusable(candidate) === undefined);
	const why = found
		? await refusal(found)
		: folders.length === 1
			? unusable(candidates[1] ?? place)
			: unusable(place);
	if (found && why === undefined) return found;
	throw noModel(`The archive of ${name}`, `holds no streaming speech model: ${why}`);
}

/** Why the engine would not take the model. */
async function refusal(folder: string): Promise<string | undefined> {
	try {
		await inspectModel(folder, { modelType: 'auto', precision: 'auto', featureDim: 0 });
		return undefined;
	} catch (thrown) {
		if (!(thrown instanceof VoiceError)) throw thrown;
		return thrown.problem.replaceAll(`${folder}/`, '').replaceAll(folder, 'it');
	}
}

async function removeUnfinished(modelsDir: string, name: string): Promise<void> {
	const entries = await readdir(modelsDir);
	for (const entry of entries.filter((one) => one.startsWith(`.${name}.unpack-`)))
		await rm(join(modelsDir, entry), { recursive: true, force: true });
}

/** Where the system tells how much is free. */
async function checkSpace(modelsDir: string, needed: number): Promise<void> {
	const space = await statfs(modelsDir).catch(() => undefined);
	const free = space ? space.bavail * space.bsize : Number.POSITIVE_INFINITY;
	if (free < needed)
		throw noSpace(
			modelsDir,
			`about ${Math.ceil(needed / MB)} MB are needed, ${Math.floor(free / MB)} MB free`,
		);
}

const ignoreMissing = (error: NodeJS.ErrnoException) => {
	if (error.code !== 'ENOENT') throw error;
};
