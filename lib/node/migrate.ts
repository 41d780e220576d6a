// A node stores in its setting `version` how its settings are to be read. Flows stored before there was such a setting
// have version 0. Nothing of Node.js in here: the editor uses it too.

/** A node's settings, as a flow stores them; of a flow written by hand it may be anything. */
export type StoredSettings = Readonly<Record<string, unknown>>;

/** Returns what is different in the next version. Must take any value of any setting, and change none of them. */
export type Step = (stored: StoredSettings) => Record<string, unknown>;

export interface Migrations {
	/** Of the settings as this release of the package knows them. */
	readonly version: number;
	/** By the version that each upgrades to the next; where there is none, only the number is different. */
	readonly steps: Readonly<Record<number, Step>>;
}

/**
 * A node's settings as this release of the package knows them. Settings of a newer release stay as they are: older ones
 * can only use of them what they know. The editor drops settings that a node's `defaults` do not have, so a setting
 * whose name changes must stay there under the old one too.
 * @returns a new object, also if there was nothing to do
 */
export function migrate(stored: object, { version, steps }: Migrations): Record<string, unknown> {
	let settings: Record<string, unknown> = { ...stored };
	const before = versionOf(stored);
	if (before > version) return settings;
	for (let from = before; from < version; from++) settings = { ...settings, ...steps[from]?.(settings) };
	return { ...settings, version };
}

/** Warns the user of a node that a newer release of the package has stored. */
export function warnOfNewer(
	node: { type: string; name?: string | undefined; warn(text: string): void },
	stored: object,
	{ version }: Migrations,
): void {
	const found = versionOf(stored);
	if (found <= version) return;
	const name = node.name ? ` "${node.name.slice(0, 60)}"` : '';
	node.warn(
		`The ${node.type} node${name} was saved by a newer release of @voxwire/node-red-voice: its settings have version ` +
			`${found}, and this release knows ${version}. It runs without what is new in them, and the editor drops that with ` +
			'its next deployment: update the package first (Menu > Manage palette)',
	);
}

/** 0 for everything that is no version. Text is what comes of ${ENV}. */
function versionOf(stored: object): number {
	const version = (stored as StoredSettings | null | undefined)?.['version'];
	const number = typeof version === 'string' && version.trim() ? Number(version) : version;
	return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** A step's changes: these settings, where they are missing. */
export const missing = (stored: StoredSettings, settings: StoredSettings): Record<string, unknown> =>
	Object.fromEntries(Object.entries(settings).filter(([name]) => stored[name] === undefined));
