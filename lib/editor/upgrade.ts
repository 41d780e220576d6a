import { type Migrations, migrate } from '../node/migrate.ts';

// The dialog of a node that an older release has stored shows its settings as they are to be read today; the node
// itself stays as it is until it is saved. The setting `version` has no field.

/**
 * Fills in what is different today. Call it before anything else looks at the fields.
 * @param kind of the dialog, by which the ids of its fields begin
 * @returns the settings, for what a form does not show by itself
 */
export function showUpgraded<T extends object>(
	node: T,
	migrations: Migrations,
	kind: 'node' | 'node-config' = 'node',
): T {
	const today = migrate(node, migrations);
	for (const [name, value] of changes(node, today)) {
		const field = $(`#${kind}-input-${name}`);
		if (field.is(':checkbox')) field.prop('checked', value === true);
		else field.val(String(value));
	}
	return today as T;
}

/** Stores the version and what has no field of its own; Node-RED then takes what the fields hold. */
export function saveUpgraded(node: object, migrations: Migrations): void {
	Object.assign(node, Object.fromEntries(changes(node, migrate(node, migrations))));
}

const changes = (node: object, today: Record<string, unknown>): [string, unknown][] =>
	Object.entries(today).filter(([name, value]) => value !== Reflect.get(node, name));
