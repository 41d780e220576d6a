import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';

/** An example as it is shipped. */
export function readExample(name: string): FlowNode[] {
	return JSON.parse(readFileSync(join(packageRoot, 'examples/dashboard', `${name}.json`), 'utf8'));
}

/**
 * What axe-core finds serious in Dashboard 1.31 itself, which no flow can mend. It is on every one of its pages, also where
 * there is no widget.
 */
export const DASHBOARD_FAULTS = [
	// The button that opens the menu of pages is nothing but an icon.
	{ rule: 'button-name', selector: '.v-app-bar-nav-icon' },
	// The menu has a tooltip for each of its entries, and shows none.
	{ rule: 'aria-tooltip-name', selector: '.v-tooltip[role=tooltip]' },
];
