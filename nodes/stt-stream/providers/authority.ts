import { X509Certificate } from 'node:crypto';
import { readPlain } from '../../../lib/node/plain-file.ts';
import { VoiceError } from './provider.ts';

/** Far more than all authorities that a system trusts take. */
const MAX_BYTES = 4_000_000;

/**
 * The certificates in the setting `caFile`, PEM; undefined for ''.
 * Rejects with VoiceError STT_CONFIG if the file cannot be read or holds none.
 */
export async function readAuthority(file: string): Promise<string | undefined> {
	if (!file) return undefined;
	try {
		const pem = String(await readPlain(file, MAX_BYTES));
		if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no PEM certificate');
		// TLS itself would pass over what it cannot read, and then trust nobody.
		new X509Certificate(pem);
		return pem;
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		throw new VoiceError(
			'STT_CONFIG',
			`The file of the certificate authority, ${file}, cannot be used (${code ?? message})`,
			'give the path of a PEM file that Node-RED may read, or leave it empty',
		);
	}
}
