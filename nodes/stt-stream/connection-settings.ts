import { isDeepStrictEqual } from 'node:util';
import { VoiceError } from '../../lib/node/errors.ts';
import { textOf as asText, isTooDeep } from '../../lib/node/rules.ts';
import type { RawSettings } from '../../lib/node/settings.ts';
import { isObject, parseJson } from './providers/option-rules.ts';
import type { ProviderConfig } from './providers/provider.ts';
import { type Environment, namesVariable, readProviderConfig } from './settings.ts';

// What of a dialog's settings may be tried. Who may try a connection must not learn so what this machine keeps from
// them: stored keys, its environment and its credentials go only where they would go anyhow, and its files are read
// only by nodes that are deployed.

/** What Node-RED's editor shows in place of a password that is stored. */
const STORED = '__PWRD__';
const SECRETS = ['apiKey', 'token', 'serviceAccount'] as const;
/** The settings that say who gets the key. */
const ADDRESS = ['provider', 'endpoint', 'caFile'] as const;
const TEXTS = [...ADDRESS, 'model'] as const;
/** And such options, of any provider. */
export const ADDRESS_OPTIONS = [
	'iamEndpoint',
	'location',
	'recognizer',
	'webhook_url',
	'llm_gateway',
] as const;
/** Options that name a file of which an engine may quote something. */
const FILE_OPTIONS = ['grammar', 'hotwordsFile'] as const;
const MACHINE_CREDENTIALS = 'applicationDefaultCredentials';

/** An stt-provider as it is deployed, with references to the environment as they are stored. */
export interface Deployed {
	readonly settings: RawSettings;
	readonly secrets: RawSettings;
	readonly environment: Environment;
}

/**
 * The settings to try.
 * @param shown the settings as the dialog has them: texts, but for `options`, which may be an object
 * @param secrets texts by name; '__PWRD__' stands for the one that is stored
 * @throws VoiceError STT_CONFIG for what cannot work, and for what is tried only as it is deployed
 */
export function settingsToTry(
	shown: RawSettings,
	secrets: RawSettings,
	deployed: Deployed | undefined,
): ProviderConfig & { id: string } {
	const config: Record<string, unknown> = {};
	for (const name of TEXTS) config[name] = textOf(name, shown[name]);
	config['options'] = optionsOf(shown['options']) ?? textOf('options', shown['options']);
	const options = optionsOf(config['options']) ?? {};
	const stored = deployed && isSameAddress(config, deployed.settings) ? deployed : undefined;
	const isStored = (name: string) => stored && isSame(name, config, stored.settings);
	const isStoredOption = (name: string) =>
		stored && isDeepStrictEqual(options[name], optionsOf(stored.settings['options'])?.[name]);

	const keys: Record<string, string> = {};
	for (const name of SECRETS) {
		const value = textOf(name, secrets[name]);
		if (value !== STORED && namesVariable(value)) throw fromEnvironment(name);
		if (value === STORED && !stored) throw storedKey(deployed !== undefined);
		keys[name] = value === STORED ? asText(stored?.secrets[name]) : value;
	}
	for (const name of TEXTS) if (namesVariable(config[name]) && !isStored(name)) throw fromEnvironment(name);
	if (namesVariable(asText(config['options'])) && !isStored('options')) throw fromEnvironment('options');
	for (const [name, value] of Object.entries(options))
		if (namesVariable(value) && !isStoredOption(name)) throw fromEnvironment(name.slice(0, 60));
	for (const name of FILE_OPTIONS)
		if (options[name] && !isStoredOption(name)) throw onlyDeployed(`The file of the option "${name}"`);

	const isKeyless = SECRETS.every((name) => !keys[name]);
	// At an address of their own they would be Google's to give away, too.
	const isOn = !/^(|false|0|no|off)$/i.test(asText(options[MACHINE_CREDENTIALS]));
	if (isOn && config['endpoint'] && isKeyless && !isStoredOption(MACHINE_CREDENTIALS))
		throw onlyDeployed('The sign-in with the credentials of this machine at an endpoint');

	return readProviderConfig(config, keys, stored?.environment ?? (() => undefined));
}

function isSameAddress(config: RawSettings, deployed: RawSettings): boolean {
	if (!ADDRESS.every((name) => isSame(name, config, deployed))) return false;
	const [mine, theirs] = [config['options'], deployed['options']].map(optionsOf);
	// One that comes from the environment as a whole.
	if (!mine || !theirs) return isSame('options', config, deployed);
	return ADDRESS_OPTIONS.every((name) => isDeepStrictEqual(mine[name] || '', theirs[name] || ''));
}

const isSame = (name: string, config: RawSettings, deployed: RawSettings): boolean =>
	asText(config[name]) === asText(deployed[name] ?? (name === 'provider' ? 'local' : ''));

/** The options as an object; undefined if they are none. */
function optionsOf(value: unknown): Record<string, unknown> | undefined {
	const options = typeof value === 'string' ? parseJson(value.trim() || '{}') : (value ?? {});
	return isObject(options) && !isTooDeep(options) ? options : undefined;
}

/** Nothing but text: what else turns into one when it is read would pass the checks for references. */
function textOf(name: string, value: unknown): string {
	if (value === undefined || value === null) return '';
	if (typeof value === 'string') return value.trim();
	throw new VoiceError('STT_CONFIG', `The setting "${name}" is no text`, 'enter it in the dialog');
}

const fromEnvironment = (name: string) =>
	new VoiceError(
		'STT_CONFIG',
		`The setting "${name}" comes from the environment, of which only a deployed node may know`,
		'deploy it first, or enter a value to try',
	);

const storedKey = (isDeployed: boolean) =>
	new VoiceError(
		'STT_CONFIG',
		isDeployed
			? 'The stored key is sent only to the address for which it is deployed, and this is another one'
			: 'The key is not stored with a node that is deployed',
		'deploy first, or type the key again',
	);

const onlyDeployed = (what: string) =>
	new VoiceError('STT_CONFIG', `${what} is tried only as it is deployed`, 'deploy first');
