import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import type { FlowNode } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** An example as it is shipped. */
export function readExample(name: string): FlowNode[] {
	return JSON.parse(readFileSync(join(packageRoot, 'examples/dashboard', `${name}.json`), 'utf8'));
}

/**
 * Faults of Dashboard 1.31 itself, which no flow can mend: axe-core's rule, and the elements that it is about. They are on
 * every one of its pages, also where there is no widget.
 */
const DASHBOARD_FAULTS = [
	// The button that opens the menu of pages is nothing but an icon.
	{ rule: 'button-name', selector: '.v-app-bar-nav-icon' },
	// The menu has a tooltip for each of its entries, and shows none.
	{ rule: 'aria-tooltip-name', selector: '.v-tooltip[role=tooltip]' },
];

/** What axe-core finds serious or critical in a page, but for Dashboard's own faults: a line for each element. */
export async function seriousFaults(page: Page): Promise<string[]> {
	await page.evaluate(AXE);
	const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults;
	const faults: string[] = [];
	for (const { id, impact, nodes } of violations) {
		if (impact !== 'serious' && impact !== 'critical') continue;
		const selectors = DASHBOARD_FAULTS.filter(({ rule }) => rule === id).map(({ selector }) => selector);
		for (const { target, html, failureSummary } of nodes) {
			const found = JSON.stringify([String(target), ...selectors]);
			const isKnown = await page.evaluate(`(([target, ...selectors]) =>
				selectors.some((selector) => document.querySelector(target)?.matches(selector)))(${found})`);
			if (!isKnown) faults.push(`${id}: ${html}: ${failureSummary}`);
		}
	}
	return faults;
}
