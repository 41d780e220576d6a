import { setTimeout as sleep } from 'node:timers/promises';
import { CREDENTIALS, chaosFlow } from './flow.ts';
import type { House } from './house.ts';
import type { Vitals } from './probe.ts';
import { isLasting, total } from './probe-client.ts';

/** What Node-RED holds with an empty flow. */
export interface Checkpoint extends Vitals {
	readonly faults: number;
}

/** Node.js keeps idle HTTP connections for 5 s. */
const KEPT_MS = 5500;
/** How long what was closed may take to be gone. */
const GONE_MS = 25_000;
/** Objects that come into being when something happens for the first time; less than one for two faults of a long run. */
const OBJECTS_GROWTH = 500;
/** Code that V8 compiles and optimises, and what it learns of it (heap snapshots show nothing else): for its most … */
const HEAP_GROWTH = 7e6;
/** … and once nearly every kind of fault has struck. */
const HEAP_GROWTH_LATER = 3e6;
const MANY_FAULTS = 100;
/** What V8 keeps in reserve. */
const RSS_GROWTH = 50e6;

/**
 * Takes the flow down, waits until nothing is left of it, measures, and sets it up again.
 * @param down called once nothing is left of it
 */
export async function checkpoint(
	house: House,
	names: Readonly<Record<string, string>>,
	faults: number,
	down: () => void,
): Promise<Checkpoint> {
	const { nodeRed } = house;
	await nodeRed.setFlows([]);
	let since = performance.now();
	await nodeRed.waitForNoChildren(GONE_MS);
	// Whoever spoke then was cut.
	down();
	let vitals = await house.vitals();
	const enough = () => {
		const { least } = house;
		return least === undefined
			? performance.now() - since > KEPT_MS
			: vitals.fds <= least.fds && !grown(least, vitals).length;
	};
	for (const deadline = Date.now() + GONE_MS; Date.now() < deadline && !enough(); ) {
		await sleep(200);
		const now = await house.vitals();
		if (now.fds < vitals.fds || grown(now, vitals).length) since = performance.now();
		vitals = now;
	}
	house.least ??= vitals;
	await nodeRed.setFlows(chaosFlow(house.parts, names), { credentials: CREDENTIALS });
	house.log(`checkpoint ${JSON.stringify(vitals)}`);
	return { faults, ...vitals };
}

/** What there is more of than there was, in words. */
function grown(before: Vitals, now: Vitals): string[] {
	const more = (kind: 'resources' | 'listeners') =>
		Object.entries(now[kind])
			.filter(([name, count]) => count > (before[kind][name] ?? 0))
			.map(([name, count]) => ({
				name,
				words: `${kind} ${name}: ${before[kind][name] ?? 0} became ${count}`,
			}));
	const resources = more('resources').filter(({ name }) => isLasting(name));
	return [...resources, ...more('listeners')].map(({ words }) => words);
}

const MB = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export const compare = (base: Checkpoint, now: Checkpoint): string =>
	[
		`${now.fds} descriptors (${base.fds})`,
		`${total(now.listeners)} listeners (${total(base.listeners)})`,
		`${now.objects['Object']} objects (${base.objects['Object']})`,
		`heap ${MB(now.heap)} (${MB(base.heap)})`,
		`RSS ${MB(now.rss)} (${MB(base.rss)})`,
	].join(', ');

/** What has grown that must not, and what Node.js warned of. */
export function complaints(checkpoints: readonly Checkpoint[], log: readonly string[]): string[] {
	const wrong = log.filter((line) => /MaxListenersExceeded|Unhandled|DeprecationWarning/.test(line));
	const [base] = checkpoints;
	const last = checkpoints.at(-1);
	if (!base || !last) return wrong;
	if (last.fds > base.fds)
		wrong.push(`descriptors: ${JSON.stringify(base.targets)} became ${JSON.stringify(last.targets)}`);
	wrong.push(...grown(base, last));
	for (const [kind, count] of Object.entries(last.objects))
		if (count - (base.objects[kind] ?? 0) > OBJECTS_GROWTH)
			wrong.push(`objects: ${base.objects[kind]} of ${kind} became ${count}`);
	const later = checkpoints.find(({ faults }) => faults >= MANY_FAULTS) ?? last;
	if (last.heap - base.heap > HEAP_GROWTH || last.heap - later.heap > HEAP_GROWTH_LATER)
		wrong.push(`the heap grew from ${MB(base.heap)} and ${MB(later.heap)} to ${MB(last.heap)}`);
	if (last.rss - base.rss > RSS_GROWTH) wrong.push(`RSS grew from ${MB(base.rss)} to ${MB(last.rss)}`);
	return wrong;
}
