import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A fault that is somebody else's: axe-core's rule, and the elements that it is about. */
export interface KnownFault {
	rule: string;
	selector: string;
}

/** What axe-core finds serious or critical in a page, but for faults that are known: a line for each element. */
export async function seriousFaults(page: Page, known: readonly KnownFault[] = []): Promise<string[]> {
	await page.evaluate(AXE);
	const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults;
	const faults: string[] = [];
	for (const { id, impact, nodes } of violations) {
		if (impact !== 'serious' && impact !== 'critical') continue;
		const selectors = known.filter(({ rule }) => rule === id).map(({ selector }) => selector);
		for (const { target, html, failureSummary } of nodes) {
			const found = JSON.stringify([String(target), ...selectors]);
			const isKnown = await page.evaluate(`(([target, ...selectors]) =>
				selectors.some((selector) => document.querySelector(target)?.matches(selector)))(${found})`);
			if (!isKnown) faults.push(`${id}: ${html}: ${failureSummary}`);
		}
	}
	return faults;
}
