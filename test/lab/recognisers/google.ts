import type { IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { load, type ServiceDefinition } from '@grpc/proto-loader';
import { LoopbackAccount } from './google-account.ts';
import { type Call, type CallRules, GoogleCall, type GoogleLimits, type Refusal } from './google-call.ts';
import type { Version } from './google-options.ts';
import { type Ears, numbers } from './hearing.ts';
import { ConnectionRecord } from './record.ts';
import { Relay } from './relay.ts';
import { behaviourOf, type Script } from './script.ts';
import { Watch } from './watch.ts';

export interface GoogleSettings extends Partial<Omit<CallRules, 'limits'>> {
	/** Serves TLS with this certificate. */
	readonly tls?: { readonly cert: string; readonly key: string };
	/** The one API key that is good, for v1. Default 'lab-api-key'. */
	readonly apiKey?: string;
	/** The access tokens that are good, beside what `serviceAccount` signs. Default: 'lab-access-token'. */
	readonly tokens?: () => readonly string[];
	/** The one project that may pay, besides whoever owns the credentials. Default 'lab-quota'. */
	readonly quotaProject?: string;
	/** What it hears. Default: numbered audio. */
	readonly ears?: Ears;
	readonly limits?: GoogleLimits;
	/**
	 * In a cue, 'close' ends the call with a status of gRPC: its `code`, and `reason` as details; and 'send' says any
	 * `StreamingRecognizeResponse`. `refuse` is such a status, too.
	 */
	readonly script?: Script;
	/** False: counts the audio, but keeps none of it. Default true. */
	readonly keepAudio?: boolean;
}

const VERSIONS = ['v1', 'v2'] as const;
// The vendor's own .proto files, whole, and what they import.
const sdk = createRequire(import.meta.url).resolve('@google-cloud/speech');
const PROTOS = [sdk, createRequire(sdk).resolve('google-gax')].map((main) =>
	join(dirname(main), '../protos'),
);

// Statuses of gRPC.
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;

const BAD_TOKEN =
	'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.';

const services = new Map<Version, Promise<ServiceDefinition>>();

/** They are long: read once. */
function serviceOf(version: Version): Promise<ServiceDefinition> {
	const known = services.get(version);
	if (known) return known;
	const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
	const service = load(`google/cloud/speech/${version}/cloud_speech.proto`, {
		includeDirs: PROTOS,
		...options,
	}).then((definitions) => definitions[`google.cloud.speech.${version}.Speech`] as ServiceDefinition);
	services.set(version, service);
	return service;
}

/** Google Cloud Speech-to-Text's streaming recognition, v1 and v2 side by side, on 127.0.0.1. */
export async function startGoogle(settings: GoogleSettings = {}): Promise<LoopbackGoogle> {
	const recogniser = new LoopbackGoogle(settings);
	await recogniser.listen();
	return recogniser;
}

export class LoopbackGoogle {
	/** What the next calls meet; may be changed at any time. */
	script: Script;
	ears: Ears;
	/** Every call in order, also those that were refused. `headers` are its metadata, `controls[0]` its first message. */
	readonly records: ConnectionRecord[] = [];
	readonly apiKey: string;
	readonly project: string;
	readonly #settings: GoogleSettings;
	readonly #watch = new Watch();
	readonly #server = new Server();
	readonly #calls = new Map<ConnectionRecord, GoogleCall>();
	#relay: Relay | undefined;
	#account: LoopbackAccount | undefined;

	constructor(settings: GoogleSettings) {
		this.#settings = settings;
		this.script = settings.script ?? {};
		this.ears = settings.ears ?? numbers;
		this.apiKey = settings.apiKey ?? 'lab-api-key';
		this.project = settings.project ?? 'lab-project';
	}

	async listen(): Promise<void> {
		for (const version of VERSIONS) {
			const service = await serviceOf(version);
			this.#server.addService(service, {
				StreamingRecognize: (call: Call) => this.#serve(version, call),
			});
		}
		const { tls } = this.#settings;
		const credentials = tls
			? ServerCredentials.createSsl(null, [
					{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) },
				])
			: ServerCredentials.createInsecure();
		const port = await new Promise<number>((done, reject) =>
			this.#server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
				error ? reject(error) : done(bound),
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

	/** A service account that it knows. */
	get account(): LoopbackAccount {
		this.#account ??= new LoopbackAccount(this.project);
		return this.#account;
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
	call(record: ConnectionRecord): GoogleCall {
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

	#serve(version: Version, call: Call): void {
		const { keepAudio = true } = this.#settings;
		const headers = call.metadata.getMap() as IncomingHttpHeaders;
		const index = this.records.length;
		const path = `/google.cloud.speech.${version}.Speech/StreamingRecognize`;
		const record = new ConnectionRecord(index, { path, query: {}, headers }, keepAudio, this.#watch);
		const behaviour = behaviourOf(this.script, index);
		const objection = this.#objection(record);
		this.records.push(record);
		const port = Number(call.getPeer().split(':').at(-1));
		const { turnWords = Number.POSITIVE_INFINITY, limits = {} } = this.#settings;
		const served = new GoogleCall(
			version,
			call,
			record,
			behaviour,
			(rate) => this.ears(rate, index),
			{ turnWords, limits, project: this.project },
			this.relay.link(port),
		);
		this.#calls.set(record, served);
		this.#watch.changed();
		const { refuse } = behaviour;
		served.serve(refuse ? [refuse.status, refuse.body ?? ''] : objection);
	}

	/** Why a session does not begin. */
	#objection({ headers }: ConnectionRecord): Refusal | undefined {
		const { quotaProject = 'lab-quota', limits } = this.#settings;
		const key = headers['x-goog-api-key'];
		const [scheme, token = ''] = (headers.authorization ?? '').split(' ');
		if (key !== undefined) {
			if (key !== this.apiKey) return [INVALID_ARGUMENT, `API key not valid. Please pass a valid API key.`];
		} else if (scheme !== 'Bearer') return [PERMISSION_DENIED, 'The request is missing a valid API key.'];
		else if (!this.#isGood(token)) return [UNAUTHENTICATED, BAD_TOKEN];
		const payer = headers['x-goog-user-project'];
		if (payer !== undefined && payer !== quotaProject)
			return [
				PERMISSION_DENIED,
				`Caller does not have required permission to use project ${payer}. Grant the caller the roles/serviceusage.serviceUsageConsumer role.`,
			];
		const open = this.records.filter((other) => !other.closed).length;
		if (open < (limits?.sessions ?? Number.POSITIVE_INFINITY)) return undefined;
		return [RESOURCE_EXHAUSTED, `Quota exceeded for quota metric 'Concurrent streams'`];
	}

	#isGood(token: string): boolean {
		const { tokens = () => ['lab-access-token'] } = this.#settings;
		if (tokens().includes(token)) return true;
		return this.#account !== undefined && this.#account.problemWith(token) === undefined;
	}
}
