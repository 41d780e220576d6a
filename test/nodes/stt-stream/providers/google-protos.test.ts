import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { load, type PackageDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../../../lab/root.ts';
import { VERSIONS } from './google-helpers.ts';

// This package has extracts of the vendor's .proto files: of every message, field and value in them, the vendor's own
// files say the same.

const OURS = [join(packageRoot, 'nodes/stt-stream/providers/google/proto')];
const sdk = createRequire(import.meta.url).resolve('@google-cloud/speech');
const THEIRS = [sdk, createRequire(sdk).resolve('google-gax')].map((main) =>
	join(dirname(main), '../protos'),
);

/** A DescriptorProto or an EnumDescriptorProto, as proto-loader hands it out. */
interface Descriptor {
	readonly name: string;
	readonly field?: readonly Part[];
	readonly value?: readonly Part[];
	readonly nestedType?: readonly Descriptor[];
	readonly enumType?: readonly Descriptor[];
}

interface Part {
	readonly name: string;
	readonly number: number;
	readonly label?: string;
	readonly type?: string;
	readonly typeName?: string;
}

const read = (includeDirs: string[], version: string) =>
	load(`google/cloud/speech/${version}/cloud_speech.proto`, { includeDirs, keepCase: true });

/** Every message and enumeration of Google's, by its full name. */
function descriptors(definitions: PackageDefinition): Map<string, Descriptor> {
	const all = new Map<string, Descriptor>();
	const add = (name: string, descriptor: Descriptor) => {
		all.set(name, descriptor);
		for (const inner of [...(descriptor.nestedType ?? []), ...(descriptor.enumType ?? [])])
			add(`${name}.${inner.name}`, inner);
	};
	for (const [name, definition] of Object.entries(definitions))
		if ('type' in definition && /^google\.(cloud|rpc)\./.test(name)) add(name, definition.type as Descriptor);
	return all;
}

/** What there is on the wire of fields and values. */
const parts = ({ field = [], value = [] }: Descriptor) =>
	[...field, ...value].map(({ name, number, label, type, typeName }) => ({
		name,
		number,
		label,
		type,
		typeName: typeName?.replace(/^.*\./, ''),
	}));

describe('Google: the extracts of the vendor’s .proto files', () => {
	for (const version of VERSIONS)
		it(version, async () => {
			const [mine, theirs] = [await read(OURS, version), await read(THEIRS, version)];
			const whole = descriptors(theirs);
			let count = 0;
			for (const [name, descriptor] of descriptors(mine)) {
				const original = whole.get(name);
				assert.ok(original, `${name} is none of the vendor’s`);
				const all = new Map(parts(original).map((part) => [part.name, part]));
				for (const part of parts(descriptor)) {
					assert.deepEqual(part, all.get(part.name), `${name}.${part.name}`);
					count++;
				}
			}
			assert.ok(count > 50, `${count} fields and values`);
			const service = `google.cloud.speech.${version}.Speech`;
			const [method, original] = [mine, theirs].map(
				(all) =>
					(all[service] as Record<string, { path: string; requestStream: boolean }>)['StreamingRecognize'],
			);
			assert.deepEqual(
				[method?.path, method?.requestStream],
				[`/${service}/StreamingRecognize`, original?.requestStream],
			);
		});
});
