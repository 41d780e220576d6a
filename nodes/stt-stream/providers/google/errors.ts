import { permanent, transient } from '../faults.ts';
import { EXPIRED, GrpcFaults, IDLE, type StatusRule } from '../grpc-status.ts';

// What Google's statuses mean beyond what gRPC says. The texts are those that the service is known to send: quoted in
// the issues of googleapis/google-cloud-node, google-cloud-python, google-cloud-java and nodejs-docs-samples, and in
// the vendor's page "Troubleshoot Speech-to-Text". Only words that any wording would hold are looked for.

const REPORT = 'report it together with the version of this package';
const CONSOLE = 'in the Google Cloud console';

const RULES: readonly StatusRule[] = [
	{
		codes: [3, 7, 16],
		text: /API key (not valid|not found|expired|invalid)|invalid API key/i,
		meaning: permanent('STT_AUTH', 'refused the API key', `check it ${CONSOLE} under "Credentials"`),
	},
	{
		codes: [7, 16],
		text: /API keys are not supported/i,
		meaning: permanent(
			'STT_AUTH',
			'takes no API key for this',
			'use the key of a service account, or the option "apiVersion": "v1"',
		),
	},
	{
		codes: [3, 10, 11],
		text: /audio timeout|without audio|no more client requests|close to real time/i,
		meaning: IDLE,
	},
	{
		codes: [3, 10, 11],
		text: /maximum allowed stream duration|max(imum)? duration|stream duration/i,
		meaning: EXPIRED,
	},
	{
		codes: [3],
		text: /does not support|not supported|unsupported feature/i,
		meaning: permanent(
			'STT_CONFIG',
			'refused something that the model cannot do',
			'choose another model or language, or switch that option off, such as "enableWordConfidence": false',
		),
	},
	{
		codes: [3, 5],
		text: /does not exist in the location|expected resource location|location/i,
		meaning: permanent(
			'STT_CONFIG',
			'has not got that where it was asked for',
			'check the model and the language, and the options location and recognizer',
		),
	},
	{
		codes: [3],
		text: /audio|sample.?rate|encoding|channel/i,
		meaning: permanent('STT_AUDIO_FORMAT', 'refused the audio', REPORT),
	},
	{
		codes: [5],
		meaning: permanent(
			'STT_CONFIG',
			'does not know what was asked for',
			'check the options project, location and recognizer',
		),
	},
	{
		codes: [7, 9],
		text: /billing/i,
		meaning: permanent(
			'STT_QUOTA',
			'refused the project',
			`link a billing account to the project ${CONSOLE}`,
		),
	},
	{
		codes: [7],
		text: /suspended/i,
		meaning: permanent('STT_QUOTA', 'refused the project', `check the state of the project ${CONSOLE}`),
	},
	{
		codes: [7],
		text: /has not been used in project|is disabled|SERVICE_DISABLED/i,
		meaning: permanent(
			'STT_CONFIG',
			'is not enabled for the project',
			`enable the "Cloud Speech-to-Text API" for it ${CONSOLE}, and wait a few minutes`,
		),
	},
	{
		codes: [7],
		text: /blocked/i,
		meaning: permanent(
			'STT_AUTH',
			'is not allowed for the API key',
			`add the "Cloud Speech-to-Text API" to the restrictions of the key ${CONSOLE}`,
		),
	},
	{
		codes: [7],
		text: /quota.?project|end user credentials|serviceusage/i,
		meaning: permanent(
			'STT_CONFIG',
			'does not know which project pays',
			'set the option quotaProject to one in which the account has the role roles/serviceusage.serviceUsageConsumer',
		),
	},
	{
		codes: [7],
		meaning: permanent(
			'STT_AUTH',
			'refused access',
			'give the account the role "Cloud Speech Client" (roles/speech.client) in the project; for v2 an API key alone is not enough',
		),
	},
	{
		codes: [8],
		meaning: transient(
			'STT_QUOTA',
			'has reached a quota',
			`wait a while, or have the quota of the project raised ${CONSOLE}`,
		),
	},
	{
		codes: [16],
		meaning: permanent(
			'STT_AUTH',
			'refused the credentials',
			'check that the key or the token still exists, and the date of this machine',
		),
	},
];

/** @param peer "Google Speech-to-Text at speech.googleapis.com" */
export const googleFaults = (peer: string, secrets: readonly string[]) =>
	new GrpcFaults(peer, secrets, RULES);
