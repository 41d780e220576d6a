import { SettingsReader, VoiceError } from './provider.ts';

/** A reader for a provider's `options`; throws STT_CONFIG that names the first option that is not in `known`. */
export function readOptions(
	provider: string,
	options: Readonly<Record<string, unknown>>,
	known: readonly string[],
): SettingsReader {
	const unknown = Object.keys(options).find((name) => !known.includes(name));
	if (unknown !== undefined)
		throw new VoiceError(
			'STT_CONFIG',
			`The provider "${provider}" has no option "${unknown.slice(0, 40)}"`,
			`use only ${known.join(', ')}`,
		);
	return new SettingsReader(options, 'STT_CONFIG');
}
