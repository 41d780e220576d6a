import { VoiceError } from '../../lib/node/errors.ts';
import type { GrpcEnd, GrpcEvents, GrpcStream } from '../../nodes/stt-stream/providers/grpc.ts';
import { loadMethod } from '../../nodes/stt-stream/providers/grpc-method.ts';
import type { SttSession } from '../../nodes/stt-stream/providers/provider.ts';
import { eventsOf } from './events.ts';
import { protobufMutator } from './mutate-protobuf.ts';
import { permit, rule, type Target } from './target.ts';

/** What proto-loader makes for a method, with the server's half of it. */
interface Served<Request, Response> {
	readonly path: string;
	requestSerialize(request: Request): Buffer;
	responseDeserialize(bytes: Buffer): Response;
	responseSerialize(response: object): Buffer;
}

interface GrpcTarget<Request, Response> {
	readonly covers: readonly string[];
	/** As of `loadMethod`: each with the responses that its server sends. */
	readonly methods: readonly {
		readonly folder: URL;
		readonly file: string;
		readonly service: string;
		readonly method: string;
		readonly seeds: readonly object[];
	}[];
	open(stream: GrpcStream<Request, Response>): SttSession & GrpcEvents<Response>;
	/** No text of an error or of a status may hold it. */
	readonly secret: string;
}

/** A call that takes everything. */
const call = { write: () => true, halfClose() {}, cancel() {}, gone: Promise.resolve() };

/**
 * One response: a byte that chooses the method, then the message. The real deserializer reads it, and what it makes of
 * that goes through a session, twice.
 */
export async function grpcTarget<Request, Response>({
	covers,
	methods,
	open,
	secret,
}: GrpcTarget<Request, Response>): Promise<Target> {
	const served = await Promise.all(
		methods.map(async ({ folder, file, service, method }) => {
			return (await loadMethod(folder, file, service, method)) as unknown as Served<Request, Response>;
		}),
	);
	const seeds = methods.flatMap(({ seeds }, index) =>
		seeds.map((seed) => Buffer.concat([Buffer.of(index), served[index]!.responseSerialize(seed)])),
	);
	return {
		covers,
		seeds,
		mutate: (input, random, other) => {
			const method = random.chance(0.1) ? random.int(methods.length) : (input[0] ?? 0);
			return Buffer.concat([
				Buffer.of(method),
				protobufMutator(input.subarray(1), random, other.subarray(1)),
			]);
		},
		async run(input, random) {
			let response: Response;
			try {
				response = served[(input[0] ?? 0) % served.length]!.responseDeserialize(input.subarray(1));
			} catch {
				// grpc-js makes a status of it.
				return;
			}
			const session = open(call as unknown as GrpcStream<Request, Response>);
			let end: GrpcEnd = { code: random.pick([0, 0, 1, 3, 13, 16]), details: `details ${secret}` };
			try {
				session.message(response);
				session.message(response);
			} catch (thrown) {
				permit(thrown, [VoiceError]);
				end = { ...end, error: thrown as VoiceError };
			}
			session.closed(end);
			const { events, failure } = await eventsOf(session);
			if (failure) {
				permit(failure, [VoiceError]);
				rule(!(failure as VoiceError).message.includes(secret), 'the key in an error');
			} else rule(end.code === 0 && !end.error, 'no failure');
			for (const event of events)
				if (event.type === 'status') rule(!event.detail.includes(secret), 'the key in a status');
			rule(events.length <= 2 * input.length + 4, `${events.length} events`);
		},
	};
}
