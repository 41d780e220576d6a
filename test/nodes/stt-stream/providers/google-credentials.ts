import assert from 'node:assert/strict';
import { type SttProvider, VoiceError } from '../../../../nodes/stt-stream/providers/provider.ts';
import type { LoopbackGoogle } from '../../../lab/recognisers/google.ts';
import { listen, never, silence, wishes } from '../helpers.ts';

export const NONE = { apiKey: '', token: '', serviceAccount: '' };
/** A whole session; its error, if it has one. */
export async function speak(provider: SttProvider): Promise<VoiceError | undefined> {
	const session = await provider.open(wishes(), never());
	const heard = listen(session);
	session.write(silence(100));
	await session.finish();
	return heard.end;
}

export async function refusal(opening: Promise<unknown>): Promise<VoiceError> {
	const error = await opening.then(
		() => assert.fail('it opened'),
		(thrown: unknown) => thrown,
	);
	assert.ok(error instanceof VoiceError, String(error));
	return error;
}

/** Nothing of a key, of a JWT or of a token. */
export function assertSecret(secrets: readonly string[], ...shown: unknown[]): void {
	const text = shown
		.map((one) => (one instanceof Error ? `${one.stack} ${String(one.cause)} ${JSON.stringify(one)}` : one))
		.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
		.join(' ');
	for (const secret of secrets.flatMap((whole) => whole.split('\n')).filter((line) => line.length > 20))
		assert.ok(!text.includes(secret), `${secret.slice(0, 10)}… is in ${text}`);
}

/** Of each call, the token. */
export const bearer = ({ records }: LoopbackGoogle) =>
	records.map(({ headers }) => String(headers.authorization).replace(/^Bearer /, ''));
