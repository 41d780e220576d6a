import { permanent, transient } from '../faults.ts';
import { EXPIRED, GrpcFaults, IDLE, type StatusRule } from '../grpc-status.ts';

// What SpeechKit's statuses mean beyond what gRPC says. Sources: the vendor's pages "API v3 response format" and
// "SpeechKit: troubleshooting", its repository of documentation, en/_qa/speechkit/stt.md. The texts of the limits are
// documented for the duration alone; the others are told by words that any wording would hold.

const ROLE = 'give the account the role ai.speechkit-stt.user in the folder, and check the option folderId';

const RULES: readonly StatusRule[] = [
	{
		codes: [3, 9, 10, 11],
		text: /\bidle\b|inactiv|no (audio|data|messages?|requests?)\b|time(d )?[- ]?out/i,
		meaning: IDLE,
	},
	{
		codes: [3, 8, 9],
		text: /(maximum|max|exceed\w*|too).*(duration|long|size|bytes|megabytes|MB)\b/i,
		meaning: EXPIRED,
	},
	{
		codes: [3],
		text: /audio|sample|pcm|encoding|container/i,
		meaning: permanent(
			'STT_AUDIO_FORMAT',
			'refused the audio',
			'report it together with the version of this package',
		),
	},
	{
		codes: [3, 5, 7, 9],
		text: /billing|payment|balance|blocked|suspended/i,
		meaning: permanent('STT_QUOTA', 'refused the account', 'check the billing account of the cloud'),
	},
	{ codes: [7], meaning: permanent('STT_AUTH', 'refused access', ROLE) },
	{
		codes: [8],
		meaning: transient(
			'STT_QUOTA',
			'has reached a quota',
			'wait a while, or have the quota of the cloud raised',
		),
	},
];

/** @param peer "Yandex SpeechKit at stt.api.cloud.yandex.net" */
export const yandexFaults = (peer: string, secrets: readonly string[]) =>
	new GrpcFaults(peer, secrets, RULES);
