import { byteMutator } from './mutate.ts';
import type { Random } from './random.ts';
import type { Mutate } from './target.ts';

// JSON that stays JSON, with other types, names and lengths in it. What JSON has no words for is written as
// `{"$": …}`, see `revive`.

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const VALUES: readonly Json[] = [
	null,
	true,
	false,
	0,
	-0.5,
	1,
	-1,
	1e300,
	2 ** 53,
	2 ** 31,
	0xffff,
	'',
	' ',
	'0',
	'-1',
	'1e999',
	'NaN',
	'true',
	'start',
	'\u0000\ud800',
	'ß漢\u{1f600}',
	'x'.repeat(300),
	'__proto__',
	'toString',
	'$(HOME)',
	[],
	[[]],
	[null],
	{},
	// Objects that have no text.
	{ toString: 1, valueOf: 1 },
	{ length: 3 },
	{ code: 'x', message: {} },
];
const NAMES = ['__proto__', 'constructor', 'toString', 'length', 'then', 'toJSON', ''];
const SPECIALS: readonly Json[] = [
	...['undefined', 'NaN', 'Infinity', '-Infinity', 'bigint', 'symbol', 'function', 'cyclic', 'bare'],
	'throws',
].map((what) => ({ $: what }));

/** Makes what JSON cannot say: `{"$": "NaN"}`, `{"$": "<base64>", "as": "Buffer" or "Uint8Array"}`, and so on. */
export function revive(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(revive);
	if (value === null || typeof value !== 'object') return value;
	const { $: special, as } = value as { $?: unknown; as?: unknown };
	if (typeof special !== 'string')
		return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revive(item)]));
	if (as === 'Buffer') return Buffer.from(special, 'base64');
	if (as === 'Uint8Array') return new Uint8Array(Buffer.from(special, 'base64'));
	return special in MAKE ? MAKE[special]!() : special;
}

const MAKE: Readonly<Record<string, () => unknown>> = {
	undefined: () => undefined,
	NaN: () => Number.NaN,
	Infinity: () => Number.POSITIVE_INFINITY,
	'-Infinity': () => Number.NEGATIVE_INFINITY,
	bigint: () => 10n,
	symbol: () => Symbol('s'),
	function: () => () => 1,
	bare: () => Object.create(null),
	cyclic: () => {
		const self: Record<string, unknown> = { id: '' };
		self['parts'] = self;
		return self;
	},
	throws: () => ({
		toString() {
			throw new Error('no text');
		},
	}),
};

interface Place {
	holder: Json[] | { [name: string]: Json };
	key: string | number;
}

function placesIn(value: Json, places: Place[] = []): Place[] {
	if (value === null || typeof value !== 'object' || places.length > 500) return places;
	for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
		places.push({ holder: value, key });
		placesIn((value as { [name: string]: Json })[key] as Json, places);
	}
	return places;
}

const read = ({ holder, key }: Place): Json => (holder as { [name: string]: Json })[key] as Json;

function write({ holder, key }: Place, value: Json): void {
	// Also a name such as __proto__ becomes a property.
	Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

interface JsonOptions {
	/** Names of fields, and texts that mean something. */
	readonly words: readonly string[];
	/** Values that mean something. */
	readonly values?: readonly unknown[];
	/** Also what JSON has no words for; the target calls `revive`. */
	readonly specials?: boolean;
}

/** Changes JSON, mostly so that it stays JSON. */
export function jsonMutator({ words, values = [], specials = false }: JsonOptions): Mutate {
	const bytes = byteMutator([...words, '{', '}', '[', ']', '"', ',', ':', '\\u0000', '1e999', 'null', '-']);
	const choices = [...VALUES, ...words, ...(values as Json[]), ...(specials ? SPECIALS : [])];
	const names = [...NAMES, ...words];

	function change(root: { value: Json }, random: Random, others: readonly Place[]): void {
		const places = placesIn(root as unknown as Json);
		const place = random.pick(places);
		const value = read(place);
		const fresh = (): Json => structuredClone(random.chance(0.6) ? random.pick(choices) : number(random));
		switch (random.int(7)) {
			case 0:
			case 1:
				write(place, fresh());
				return;
			case 2:
				if (Array.isArray(place.holder)) place.holder.splice(place.key as number, 1);
				else if (place.holder !== (root as unknown)) delete place.holder[place.key];
				return;
			case 3:
				if (others.length) write(place, structuredClone(read(random.pick(others))));
				return;
			case 4:
				write(random.pick(places), structuredClone(value));
				return;
			case 5:
				if (Array.isArray(value)) value.splice(random.int(value.length + 1), 0, fresh());
				else if (value && typeof value === 'object')
					write({ holder: value, key: random.pick(names) }, fresh());
				return;
			case 6:
				if (Array.isArray(value) && value.length)
					for (let copies = random.pick([1, 2, 40]); copies > 0; copies--)
						value.push(structuredClone(random.pick(value)));
				else if (random.chance(0.02)) write(place, nested(random.pick([50, 500])));
		}
	}

	return (input, random, other) => {
		const root = { value: parsed(input) };
		if (root.value === undefined || random.chance(0.15)) return bytes(input, random, other);
		const others = placesIn(parsed(other) ?? null);
		const whole = root as { value: Json };
		for (let left = 1 + random.int(4); left > 0; left--) change(whole, random, others);
		return Buffer.from(JSON.stringify(whole.value) ?? '');
	};
}

const number = (random: Random): number =>
	random.pick([1, -1]) * Math.round(random.next() * 10 ** random.int(12)) * random.pick([1, 0.001]);

function nested(depth: number): Json {
	let value: Json = [];
	for (let level = 0; level < depth; level++) value = [value];
	return value;
}

function parsed(input: Buffer): Json | undefined {
	try {
		return JSON.parse(String(input)) as Json;
	} catch {
		return undefined;
	}
}
