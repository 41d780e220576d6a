import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, PEM. */
export interface Certificate {
	readonly cert: string;
	readonly key: string;
}

export interface Authority {
	/** The authority's own certificate, PEM: what a client must trust. */
	readonly ca: string;
	/** A server's certificate for these host names and IP addresses. */
	issue(...names: string[]): Certificate;
}

/** Makes a certificate authority that nobody knows (EC P-256, valid from yesterday for a year). Needs no openssl. */
export function createAuthority(): Authority {
	const { privateKey, publicKey } = newKey();
	const name = 'Voice lab authority';
	const ca = certificate({ issuer: name, subject: name, publicKey, signer: privateKey, isAuthority: true });
	return {
		ca,
		issue(...names) {
			const own = newKey();
			const subject = names[0] ?? 'localhost';
			const cert = certificate({
				issuer: name,
				subject,
				publicKey: own.publicKey,
				signer: privateKey,
				names,
			});
			return { cert, key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
		},
	};
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface Contents {
	issuer: string;
	subject: string;
	publicKey: KeyObject;
	signer: KeyObject;
	isAuthority?: boolean;
	names?: readonly string[];
}

const DAY_MS = 86_400_000;

/** X.509 v3 as RFC 5280 lays it out. */
function certificate({
	issuer,
	subject,
	publicKey,
	signer,
	isAuthority = false,
	names = [],
}: Contents): string {
	const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
	const usage = isAuthority ? 0x06 : 0x80; // keyCertSign and cRLSign; digitalSignature
	const extensions = [
		extension('2.5.29.19', sequence(...(isAuthority ? [der(0x01, Buffer.of(0xff))] : []))),
		extension('2.5.29.15', der(0x03, Buffer.of(isAuthority ? 1 : 7, usage))),
		...(names.length ? [extension('2.5.29.17', sequence(...names.map(alternativeName)), false)] : []),
	];
	const body = sequence(
		der(0xa0, der(0x02, Buffer.of(2))),
		der(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
		algorithm,
		distinguishedName(issuer),
		sequence(time(Date.now() - DAY_MS), time(Date.now() + 365 * DAY_MS)),
		distinguishedName(subject),
		publicKey.export({ type: 'spki', format: 'der' }),
		der(0xa3, sequence(...extensions)),
	);
	const signature = sign('sha256', body, signer);
	const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
	const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
	return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function der(tag: number, ...parts: Buffer[]): Buffer {
	const content = Buffer.concat(parts);
	const { length } = content;
	const size =
		length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
	return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);

function oid(dotted: string): Buffer {
	const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
	const bytes = [first * 40 + second];
	for (const arc of rest) {
		const groups = [arc & 0x7f];
		for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
		bytes.push(...groups);
	}
	return der(0x06, Buffer.from(bytes));
}

const extension = (id: string, value: Buffer, critical = true) =>
	sequence(oid(id), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));

const distinguishedName = (name: string) =>
	sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))));

/** UTCTime: YYMMDDhhmmssZ. */
const time = (ms: number) =>
	der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));

/** A DNS name, or an IPv4 address. */
const alternativeName = (name: string) =>
	isIP(name) === 4
		? der(0x87, Buffer.from(name.split('.').map(Number)))
		: der(0x82, Buffer.from(name, 'ascii'));
