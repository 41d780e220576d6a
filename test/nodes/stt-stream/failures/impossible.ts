// Settings with which a recogniser can never work, and what is said of them.

/** As Node-RED writes it. */
export const variable = (name: string): string => `\${${name}}`;

interface Impossible {
	readonly provider: string;
	readonly config?: object;
	readonly secrets?: Record<string, string>;
	readonly settings?: object;
	readonly says: RegExp;
}

/** An endpoint that is '' would be the vendor's: only where nothing can get so far. */
export const IMPOSSIBLE: Readonly<Record<string, Impossible>> = {
	'no key': { provider: 'assemblyai', config: { endpoint: '' }, secrets: {}, says: /needs an API key/ },
	'no key v2': { provider: 'assemblyai-v2', config: { endpoint: '' }, secrets: {}, says: /needs an API key/ },
	'no key google': {
		provider: 'google',
		config: { endpoint: '' },
		secrets: {},
		says: /needs an API key, an acc/,
	},
	'no project google': {
		provider: 'google',
		config: { options: '{"apiVersion":"v2"}' },
		says: /needs to know the project/,
	},
	'no account google': {
		provider: 'google',
		secrets: { serviceAccount: '{"id":"a","service_account_id":"b","private_key":"c"}' },
		says: /service account.*"type": "service_account"/,
	},
	'no option google': {
		provider: 'google',
		config: { options: '{"recognizer":"mine"}' },
		says: /"recognizer".*v2/,
	},
	'no language google': {
		provider: 'google',
		settings: { language: 'auto' },
		says: /"auto" is not a language/,
	},
	'no CA file google': { provider: 'google', config: { caFile: '/no/such.pem' }, says: /such\.pem.*ENOENT/ },
	'no key yandex': {
		provider: 'yandex',
		config: { endpoint: '' },
		secrets: {},
		says: /needs an API key, an IAM/,
	},
	'key with a line break': {
		provider: 'assemblyai',
		secrets: { apiKey: 'one\ntwo' },
		says: /key holds a character/,
	},
	'token with a line break': {
		provider: 'assemblyai',
		secrets: { token: 'one\ntwo' },
		says: /token holds a char/,
	},
	'key with an accent': { provider: 'yandex', secrets: { apiKey: 'clé' }, says: /key holds a character/ },
	'no service account': {
		provider: 'yandex',
		secrets: { serviceAccount: '{"id"' },
		says: /service account.*JSON/,
	},
	'no address': {
		provider: 'assemblyai',
		config: { endpoint: 'speech' },
		says: /endpoint is not a WebSocket/,
	},
	'web address': {
		provider: 'assemblyai-v2',
		config: { endpoint: 'https://a.b' },
		says: /endpoint is not a WebS/,
	},
	'password in it': {
		provider: 'assemblyai',
		config: { endpoint: 'wss://a:b@c.d' },
		says: /holds a user name/,
	},
	'grpc path': {
		provider: 'yandex',
		config: { endpoint: 'localhost:1/x' },
		says: /more than a host and a port/,
	},
	'no json': {
		provider: 'assemblyai',
		config: { options: '{"mode":' },
		says: /"options" is not a JSON object/,
	},
	'no object': { provider: 'yandex', config: { options: '[]' }, says: /"options" is not a JSON object/ },
	'no such option': { provider: 'assemblyai', config: { options: '{"sped":1}' }, says: /no option "sped"/ },
	'no such option v2': {
		provider: 'assemblyai-v2',
		config: { options: '{"mode":1}' },
		says: /no option "mode"/,
	},
	'no such value': {
		provider: 'assemblyai',
		config: { options: '{"mode":"best"}' },
		says: /"mode".*min_latency/,
	},
	'no folder id': {
		provider: 'yandex',
		config: { options: '{"folderId":"a b"}' },
		says: /option "folderId"/,
	},
	'no model': { provider: 'assemblyai-v2', config: { model: 'best' }, says: /has no choice of models/ },
	'no CA file': {
		provider: 'assemblyai',
		config: { caFile: '/no/such.pem' },
		says: /\/no\/such\.pem.*ENOENT/,
	},
	'no CA file v2': {
		provider: 'assemblyai-v2',
		config: { caFile: '/no/such.pem' },
		says: /such\.pem.*ENOENT/,
	},
	'no CA file yandex': { provider: 'yandex', config: { caFile: '/no/such.pem' }, says: /such\.pem.*ENOENT/ },
	'CA file without one': {
		provider: 'assemblyai',
		config: { caFile: '/etc/hostname' },
		says: /no PEM certificate/,
	},
	'no such language': {
		provider: 'assemblyai',
		settings: { language: 'ja' },
		says: /language "ja".*use en, es/,
	},
	'no language': {
		provider: 'yandex',
		settings: { language: 'Russian!' },
		says: /"Russian!" is not a language/,
	},
	'$ endpoint': {
		provider: 'assemblyai',
		config: { endpoint: variable('NOT_SET') },
		says: /"NOT_SET".*"endpoint"/,
	},
	'$ options': {
		provider: 'assemblyai',
		config: { options: variable('NOT_SET') },
		says: /"NOT_SET".*"options"/,
	},
	'$ in options': {
		provider: 'yandex',
		config: { options: `{"languages":["${variable('NOT_SET')}"]}` },
		says: /"NOT_SET".*"options"/,
	},
	'$ old form': { provider: 'yandex', config: { caFile: '$(NOT_SET)' }, says: /"NOT_SET".*"caFile"/ },
	'$ model': { provider: 'yandex', config: { model: variable('NOT_SET') }, says: /"NOT_SET".*"model"/ },
	'$ key': { provider: 'assemblyai', secrets: { apiKey: variable('NOT_SET') }, says: /"NOT_SET".*"apiKey"/ },
	'$ token': {
		provider: 'assemblyai-v2',
		secrets: { token: variable('NOT_SET') },
		says: /"NOT_SET".*"token"/,
	},
	'$ account': {
		provider: 'yandex',
		secrets: { serviceAccount: variable('NOT_SET') },
		says: /"NOT_SET".*"serviceAcc/,
	},
	'$ language': {
		provider: 'yandex',
		settings: { language: variable('NOT_SET') },
		says: /"NOT_SET".*"language"/,
	},
};
