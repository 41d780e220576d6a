import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOGUE, type CatalogueEntry, catalogueEntry, type ModelNote, NOTES } from './catalogue.ts';
import { downloadedBytes } from './install.ts';
import { installedModels, isInstalled } from './store.ts';

/** A model of the catalogue or of the models folder. What is not known is absent. */
export interface ListedModel {
	readonly name: string;
	readonly languages: readonly string[];
	readonly kind?: CatalogueEntry['kind'];
	/** Of the archive; without `exactBytes` it is about that. */
	readonly archiveBytes?: number;
	readonly exactBytes?: boolean;
	readonly licence?: string;
	/** What to know before choosing it. */
	readonly note?: ModelNote;
	readonly sources: readonly string[];
	readonly installed: boolean;
	/** What an installed model takes on the disk. */
	readonly diskBytes?: number;
	/** How much of the archive an unfinished download has left. */
	readonly partBytes?: number;
}

/** The catalogue in its order, then what else is installed. */
export async function listModels(modelsDir: string): Promise<ListedModel[]> {
	const installed = installedModels(modelsDir);
	const others = installed.filter((name) => !catalogueEntry(name));
	const names = [...CATALOGUE.map(({ name }) => name), ...others];
	return Promise.all(
		names.map(async (name) => {
			const isThere = isInstalled(name, modelsDir);
			const partBytes = await downloadedBytes(name, modelsDir);
			return {
				...known(name),
				installed: isThere,
				...(isThere && { diskBytes: await bytesIn(join(modelsDir, name)) }),
				...(partBytes && { partBytes }),
			};
		}),
	);
}

/** What the catalogue says of a model. */
export function known(name: string): Omit<ListedModel, 'installed'> {
	const entry = catalogueEntry(name);
	if (!entry) return { name, languages: [], sources: [] };
	const { languages, kind, bytes, exact, licence, note, sources } = entry;
	return {
		name,
		languages,
		sources,
		...{ kind, ...(bytes && { archiveBytes: bytes, exactBytes: exact }) },
		...{ ...(licence && { licence }), ...(note && { note }) },
	};
}

/** Of a file, or of all files in a folder. */
async function bytesIn(folder: string): Promise<number> {
	const itself = await stat(folder).catch(() => undefined);
	if (itself?.isFile()) return itself.size;
	const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
	const files = entries.filter((entry) => entry.isFile());
	const sizes = files.map((file) => stat(join(file.parentPath, file.name)).catch(() => undefined));
	return (await Promise.all(sizes)).reduce((sum, one) => sum + (one?.size ?? 0), 0);
}

/** As tools show sizes: 21 MB, 1.2 GB. */
export function megabytes(bytes: number): string {
	if (bytes < 10_000_000) return `${(bytes / 1e6).toFixed(1)} MB`;
	return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Two or three lines for a terminal. */
export function describe(model: Omit<ListedModel, 'installed'> & { installed?: boolean }): string {
	const { name, languages, kind, archiveBytes, exactBytes, licence, note, installed } = model;
	const size = archiveBytes ? `${exactBytes ? '' : 'about '}${megabytes(archiveBytes)}` : 'size unknown';
	const facts = [
		languages.length > 10
			? `${languages.length} languages: ${languages.join(' ')}`
			: languages.join(' ') || (kind === 'speech-detector' ? 'any language' : 'language unknown'),
		kind ?? 'kind unknown',
		size,
		licence ?? 'licence unknown',
	];
	const state = installed
		? `  [installed, ${megabytes(model.diskBytes ?? 0)}]`
		: model.partBytes
			? `  [${megabytes(model.partBytes)} downloaded]`
			: '';
	return [`${name}${state}`, `    ${facts.join(' · ')}`, ...(note ? [`    ${NOTES[note]}`] : [])].join('\n');
}
