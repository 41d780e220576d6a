import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';

// Where a relative path of a node's setting begins. An absolute path stays, and '' stays ''.

/** What of Node-RED's settings decides that; both may be missing where Node-RED is embedded. */
export interface FolderSettings {
	/** Set by the user in settings.js, for all nodes that read or write files. */
	fileWorkingDirectory?: unknown;
	/** Where Node-RED keeps its flows, and npm the packages with their example files. */
	userDir?: unknown;
}

/**
 * The file to read: in `fileWorkingDirectory` if that is set; else where Node-RED was started, as the core file nodes do;
 * else, if it is not there, in the user folder. Looks at the disk, so ask when the file is needed.
 */
export function fileToRead(path: string, settings: FolderSettings): string {
	const here = fileToWrite(path, settings);
	const { fileWorkingDirectory, userDir } = settings;
	if (path === '' || fileWorkingDirectory || !userDir || existsSync(here)) return here;
	return resolve(String(userDir), path);
}

/** The file to write: in `fileWorkingDirectory` if that is set, else where Node-RED was started; as the core file node. */
export function fileToWrite(path: string, { fileWorkingDirectory }: FolderSettings): string {
	return path === ''
		? ''
		: resolve(fileWorkingDirectory ? String(fileWorkingDirectory) : process.cwd(), path);
}
