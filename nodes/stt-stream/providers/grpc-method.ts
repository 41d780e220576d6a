import { fileURLToPath } from 'node:url';
import { VoiceError } from './provider.ts';

export interface GrpcAddress {
	/** As grpc-js wants it: "dns:host:port". */
	readonly target: string;
	/** "host", or "host:port" where the port is not the usual one. */
	readonly name: string;
	readonly tls: boolean;
}

const TLS_PORT = '443';

/**
 * The address in a setting, or the vendor's if it is '': `host:port` or `host` with TLS, `grpc://host:port` in plain
 * text.
 * @throws VoiceError STT_CONFIG; without the address, which may hold a secret
 */
export function readGrpcEndpoint(endpoint: string, vendors: string): GrpcAddress {
	const text = endpoint || vendors;
	const whole = text.includes('://') ? text : `grpcs://${text}`;
	const url = URL.canParse(whole) ? new URL(whole) : undefined;
	const remedy = `use host:port, such as ${vendors}, or grpc://host:port for plain text`;
	const isPlain = url?.protocol === 'grpc:';
	if (!url?.hostname || !(isPlain ? url.port : url.protocol === 'grpcs:'))
		throw new VoiceError('STT_CONFIG', 'The endpoint is not the address of a gRPC server', remedy);
	if (url.username || url.password)
		throw new VoiceError(
			'STT_CONFIG',
			'The endpoint holds a user name or a password',
			'put the API key or the token into the credentials',
		);
	if (!['', '/'].includes(url.pathname) || url.search || url.hash)
		throw new VoiceError('STT_CONFIG', 'The endpoint holds more than a host and a port', remedy);
	const { hostname } = url;
	const port = url.port || TLS_PORT;
	const name = !isPlain && port === TLS_PORT ? hostname : `${hostname}:${port}`;
	return { target: `dns:${hostname}:${port}`, name, tls: !isPlain };
}

/** A method that streams both ways. */
export interface GrpcMethod<Request, Response> {
	/** "/package.Service/Method" */
	readonly path: string;
	requestSerialize(request: Request): Buffer;
	responseDeserialize(bytes: Buffer): Response;
}

/**
 * Loads a method from a .proto file. Names of fields stay as they are written there, 64-bit numbers become numbers,
 * enumerations their names; every field is present except members of a `oneof`, whose own field names the one that
 * is.
 * @param folder where `file` is and what it imports is looked for
 */
export async function loadMethod<Request, Response>(
	folder: URL,
	file: string,
	service: string,
	method: string,
): Promise<GrpcMethod<Request, Response>> {
	const { load } = await import('@grpc/proto-loader');
	const definitions = await load(file, {
		includeDirs: [fileURLToPath(folder)],
		keepCase: true,
		longs: Number,
		enums: String,
		defaults: true,
		oneofs: true,
	});
	const methods = definitions[service] as Readonly<Record<string, unknown>>;
	return methods[method] as GrpcMethod<Request, Response>;
}
