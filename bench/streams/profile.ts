import { writeFileSync } from 'node:fs';
import { begin } from '../../test/lab/long-run.ts';
import { runTrial } from './trial.ts';

// node dist/bench/streams/profile.js: where Node-RED's time goes while it carries streams, as V8's profiler sees it.
// Time in a native function counts where that is called for by its name: those of sockets are system calls.

interface Profile {
	readonly nodes: readonly {
		readonly id: number;
		readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
		readonly children?: readonly number[];
	}[];
	readonly samples: readonly number[];
	readonly timeDeltas: readonly number[];
}

/** Whose code it is, by a piece of its address. */
const PARTS: readonly (readonly [string, RegExp])[] = [
	['the bench: source, counter, meter', /\/dist\/bench\//],
	['this package', /\/dist\/(nodes|lib)\//],
	['Node-RED', /\/node_modules\/(@node-red|node-red)\//],
	['ws', /\/node_modules\/ws\//],
	['other packages', /\/node_modules\//],
	['Node.js: timers, promises, immediates', /^node:internal\/(timers|process|async_hooks|promise)/],
	['Node.js: sockets, streams and all else', /^node:/],
];
const OWN: Readonly<Record<string, string>> = {
	'(idle)': 'idle',
	'(garbage collector)': 'garbage collection',
	'(program)': 'V8 and libuv outside of JavaScript',
	// The inspector's own, which makes this profile.
	dispatch: 'the bench: source, counter, meter',
};

const partOf = ({ functionName, url }: Profile['nodes'][number]['callFrame']): string =>
	(url ? PARTS.find(([, pattern]) => pattern.test(url))?.[0] : OWN[functionName]) ??
	'native functions: system calls of sockets';

/** Percent of the time, idle apart, by part and, within these, by function. */
export function split(profile: Profile): { parts: Map<string, number>; functions: Map<string, number> } {
	const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
	const [parts, functions] = [new Map<string, number>(), new Map<string, number>()];
	let busy = 0;
	profile.samples.forEach((id, at) => {
		const frame = frames.get(id)!;
		const part = partOf(frame);
		const spent = profile.timeDeltas[at]!;
		if (part === 'idle') return;
		busy += spent;
		const file = frame.url.replace(/^.*\/(dist|node_modules)\//, '');
		const name = `${frame.functionName || '(anonymous)'} ${file}:${frame.lineNumber + 1}`;
		parts.set(part, (parts.get(part) ?? 0) + spent);
		functions.set(name, (functions.get(name) ?? 0) + spent);
	});
	const share = (spent: Map<string, number>) =>
		new Map(
			[...spent].sort(([, a], [, b]) => b - a).map(([name, time]) => [name, (time * 100) / busy] as const),
		);
	return { parts: share(parts), functions: share(functions) };
}

const HELP = `node dist/bench/streams/profile.js [--streams n] [--frame ms] [--seconds n]
                                   [--functions n] [--save file]
  --streams    how many (default 300)
  --frame      milliseconds of each of their frames (default 20)
  --seconds    of audio (default 8)
  --functions  the most expensive ones, so many (default 25)
  --save       writes the profile, for Chrome's developer tools (.cpuprofile)`;

const whole = (usual: number) => ({ default: usual, least: 1, whole: true });
const { numbers, files } = begin({
	help: HELP,
	numbers: {
		...{ streams: whole(300), frame: whole(20), functions: whole(25) },
		seconds: { default: 8, least: 0.5 },
	},
	files: ['save'],
});
const { streams, frame: frameMs, seconds, functions: most } = numbers;
let text = '';
const { nodeRed } = await runTrial({ streams, frameMs, seconds }, (profile) => {
	text = profile;
});
if (files.save) writeFileSync(files.save, text);
const { parts, functions } = split(JSON.parse(text) as Profile);
const round = (spent: Map<string, number>) =>
	Object.fromEntries([...spent].map(([name, percent]) => [name, { percent: Number(percent.toFixed(1)) }]));
console.log(`${streams} streams, frames of ${frameMs} ms; Node-RED: ${nodeRed.cpu.toFixed(2)} processors`);
console.table(round(parts));
console.table(round(new Map([...functions].slice(0, most))));
