import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { load, type ServiceDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../root.ts';
import { type Ears, numbers } from './hearing.ts';
import { ConnectionRecord } from './record.ts';
import { Relay } from './relay.ts';
import { behaviourOf, type Script } from './script.ts';
import { Watch } from './watch.ts';
import { type Call, type CallRules, type Refusal, YandexCall, type YandexLimits } from './yandex-call.ts';

export interface YandexSettings extends Partial<Omit<CallRules, 'limits'>> {
	/** Serves TLS with this certificate. */
	readonly tls?: { readonly cert: string; readonly key: string };
	/** The one API key that is good. Default 'lab-api-key'. */
	readonly apiKey?: string;
	/** The IAM tokens that are good. Default: 'lab-iam-token'. */
	readonly tokens?: () => readonly string[];
	/** The one folder that may be named. Default 'lab-folder'. */
	readonly folderId?: string;
	/** What it hears. Default: numbered audio. */
	readonly ears?: Ears;
	readonly limits?: YandexLimits;
	/**
	 * In a cue, 'close' ends the call with a status of gRPC: its `code`, and `reason` as details; and 'send' says any
	 * `StreamingResponse`. `refuse` is such a status, too.
	 */
	readonly script?: Script;
	/** False: counts the audio, but keeps none of it. Default true. */
	readonly keepAudio?: boolean;
}

const PROTO = join(packageRoot, 'nodes/stt-stream/providers/yandex/proto');
const SERVICE = 'speechkit.stt.v3.Recognizer';
const PATH = '/speechkit.stt.v3.Recognizer/RecognizeStreaming';

// Statuses of gRPC.
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;

/** SpeechKit's streaming recognition, version 3, on 127.0.0.1. */
export async function startYandex(settings: YandexSettings = {}): Promise<LoopbackYandex> {
	const recogniser = new LoopbackYandex(settings);
	await recogniser.listen();
	return recogniser;
}

export class LoopbackYandex {
	/** What the next calls meet; may be changed at any time. */
	script: Script;
	ears: Ears;
	/** Every call in order, also those that were refused. `headers` are its metadata, `controls[0]` its options. */
	readonly records: ConnectionRecord[] = [];
	readonly apiKey: string;
	readonly #settings: YandexSettings;
	readonly #watch = new Watch();
	readonly #server = new Server();
	readonly #calls = new Map<ConnectionRecord, YandexCall>();
	#relay: Relay | undefined;

	constructor(settings: YandexSettings) {
		this.#settings = settings;
		this.script = settings.script ?? {};
		this.ears = settings.ears ?? numbers;
		this.apiKey = settings.apiKey ?? 'lab-api-key';
	}

	async listen(): Promise<void> {
		const definitions = await load('recognizer.proto', {
			includeDirs: [PROTO],
			keepCase: true,
			longs: Number,
			enums: String,
			defaults: true,
			oneofs: true,
		});
		this.#server.addService(definitions[SERVICE] as ServiceDefinition, {
			RecognizeStreaming: (call: Call) => this.#serve(call),
		});
		const { tls } = this.#settings;
		const credentials = tls
			? ServerCredentials.createSsl(null, [
					{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) },
				])
			: ServerCredentials.createInsecure();
		const port = await new Promise<number>((resolve, reject) =>
			this.#server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
				error ? reject(error) : resolve(bound),
			),
		);
		const delay = (index: number) => behaviourOf(this.script, index).acceptDelayMs ?? 0;
		this.#relay = new Relay(port, delay, this.#watch);
		await this.#relay.listen();
	}

	/** host:port. The name is localhost, because certificates are for names. */
	get host(): string {
		return `localhost:${this.relay.port}`;
	}

	/** For the setting `endpoint`. */
	get endpoint(): string {
		return this.#settings.tls ? this.host : `grpc://${this.host}`;
	}

	/** The network in front of it. */
	get relay(): Relay {
		if (!this.#relay) throw new Error('not listening');
		return this.#relay;
	}

	/** Connections that are there at this moment, in whatever state. */
	get open(): number {
		return this.relay.open;
	}

	/** The audio of all calls, one after another. */
	audio(): Buffer {
		return Buffer.concat(this.records.map((record) => record.audio()));
	}

	/** The call of a record, to end, drop, stall or speak by hand. */
	call(record: ConnectionRecord): YandexCall {
		const call = this.#calls.get(record);
		if (!call) throw new Error('there is no such call');
		return call;
	}

	/** Drops every connection without a word, also those on which nothing was called yet. */
	dropAll(): void {
		for (const [record, call] of this.#calls) if (!record.closed) call.drop();
		this.relay.dropAll();
	}

	/** Resolves once `condition` gives something. */
	until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
		return this.#watch.until(what, condition);
	}

	async stop(): Promise<void> {
		this.dropAll();
		await this.relay.stop();
		this.#server.forceShutdown();
	}

	#serve(call: Call): void {
		const { keepAudio = true } = this.#settings;
		const headers = call.metadata.getMap() as IncomingHttpHeaders;
		const index = this.records.length;
		const record = new ConnectionRecord(index, { path: PATH, query: {}, headers }, keepAudio, this.#watch);
		const behaviour = behaviourOf(this.script, index);
		const objection = this.#objection(record);
		this.records.push(record);
		const port = Number(call.getPeer().split(':').at(-1));
		const served = new YandexCall(
			call,
			record,
			behaviour,
			(rate) => this.ears(rate, index),
			{ ...DEFAULTS, limits: {}, ...this.#settings },
			this.relay.link(port),
		);
		this.#calls.set(record, served);
		this.#watch.changed();
		const { refuse } = behaviour;
		served.serve(refuse ? [refuse.status, refuse.body ?? ''] : objection);
	}

	/** Why a session does not begin. */
	#objection({ headers }: ConnectionRecord): Refusal | undefined {
		const { tokens = () => ['lab-iam-token'], folderId = 'lab-folder', limits } = this.#settings;
		const [scheme, secret = ''] = (headers.authorization ?? '').split(' ');
		if (scheme === 'Api-Key' ? secret !== this.apiKey : scheme === 'Bearer' && !tokens().includes(secret))
			return [
				UNAUTHENTICATED,
				`${scheme === 'Bearer' ? 'The token is invalid' : 'Unknown api key'} '${secret}'`,
			];
		if (scheme !== 'Api-Key' && scheme !== 'Bearer') return [UNAUTHENTICATED, 'Token not found'];
		const folder = headers['x-folder-id'];
		if (folder !== undefined && folder !== folderId) return [PERMISSION_DENIED, 'Permission denied'];
		const open = this.records.filter((other) => !other.closed).length;
		if (open < (limits?.sessions ?? Number.POSITIVE_INFINITY)) return undefined;
		return [RESOURCE_EXHAUSTED, 'Limit on concurrent streams was exceeded'];
	}
}

const DEFAULTS: Omit<CallRules, 'limits'> = {
	turnWords: Number.POSITIVE_INFINITY,
	greets: 'options',
	refinementDelayMs: 0,
	statusEveryMs: 1000,
	now: () => performance.now(),
};
