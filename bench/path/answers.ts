import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionRecord } from '../../test/lab/recognisers/record.ts';
import { FedMicrophone } from '../tutorials/fed-microphone.ts';
import { type Moment, marksOf, moment, type Told, toldOf } from './marks.ts';
import { figuresOf, type PathFigures } from './path.ts';
import { type PathLab, RATE } from './path-lab.ts';

// From what a recogniser says to the message that a flow gets of it: partials and finals.

const OPEN_MS = 8000;
const SEED = 3000;
/** What happens only once is over. */
const WARM_UP_MS = 1000;
const NAMES = { assemblyai: 'AssemblyAI', yandex: 'Yandex' } as const;
/** Outputs of stt-stream. */
const FINALS = 0;
const PARTIALS = 1;

/** Two recognisers on one microphone; of AssemblyAI also from when Node-RED has read what it says. */
export async function measureAnswers(lab: PathLab, seconds: number): Promise<PathFigures[]> {
	const { nodeRed, assemblyAi, yandex } = lab;
	const providers = ['assemblyai', 'yandex'] as const;
	await lab.deploy(
		{ source: 'portaudio' },
		providers.map((provider) => ({ id: `stt-${provider}`, provider })),
	);
	const known = { assemblyai: assemblyAi.records.length, yandex: yandex.records.length };
	const records = { assemblyai: assemblyAi.records, yandex: yandex.records };
	const from = lab.now();
	const microphone = await FedMicrophone.start(lab.card, RATE, seconds + OPEN_MS / 1000, SEED);
	try {
		await nodeRed.click('start');
		const began = (provider: (typeof providers)[number]) =>
			(records[provider][known[provider]]?.bytes ?? 0) > 0;
		await assemblyAi.until('AssemblyAI', () => began('assemblyai'));
		await yandex.until('Yandex', () => began('yandex'));
		await sleep(WARM_UP_MS);
		const measuredFrom = lab.now();
		await sleep(seconds * 1000);
		await nodeRed.click('stop');
		const record = {
			assemblyai: assemblyAi.records[known.assemblyai]!,
			yandex: yandex.records[known.yandex]!,
		};
		await assemblyAi.until('the end', () => record.assemblyai.closed);
		await yandex.until('the end', () => record.yandex.closed);
		const told = toldOf(lab.marks, measuredFrom);
		const answers = providers.map((provider) => answersIn(record[provider], told, `stt-${provider}`));
		const reads = marksOf(lab.marks, 'received', from);
		const read = (at: Moment) => reads.findLast((one) => one.at <= at)?.at ?? Number.NaN;
		return [
			...providers.map((provider, index) =>
				figuresOf(
					`${NAMES[provider]} says → message`,
					(answers[index] ?? []).map(({ saidAt, toldAt }) => toldAt - saidAt),
				),
			),
			figuresOf(
				`${NAMES.assemblyai}'s bytes at the socket → message`,
				(answers[0] ?? []).map(({ toldAt }) => toldAt - read(toldAt)),
			),
		];
	} finally {
		await microphone.stop();
	}
}

export interface Answer {
	readonly isFinal: boolean;
	readonly saidAt: Moment;
	readonly toldAt: Moment;
}

/** What a recogniser said and a node told, in order. */
export function answersIn(
	record: ConnectionRecord,
	told: readonly (Told & { readonly at: Moment })[],
	node: string,
): Answer[] {
	const said = new Map(
		record.said.flatMap(({ at, message }) => {
			const answer = heardIn(message);
			return answer ? [[answer, at] as const] : [];
		}),
	);
	return told.flatMap(({ node: from, port, payload, at }) => {
		if (from !== node || (port !== FINALS && port !== PARTIALS)) return [];
		const isFinal = port === FINALS;
		const saidAt = said.get(keyOf(isFinal, String(payload)));
		return saidAt === undefined ? [] : [{ isFinal, saidAt: moment(saidAt), toldAt: at }];
	});
}

interface Words {
	readonly words?: readonly { readonly text: string }[];
}
/** What recognisers say, as far as it matters here. */
interface Message extends Words {
	readonly end_of_turn?: boolean;
	readonly partial?: { readonly alternatives?: readonly Words[] };
	readonly final?: { readonly alternatives?: readonly Words[] };
}

function heardIn(message: Message): string | undefined {
	const { end_of_turn, partial, final } = message;
	const { words } = (partial ?? final)?.alternatives?.[0] ?? message;
	if (!words?.length) return undefined;
	return keyOf(end_of_turn ?? final !== undefined, words.map(({ text }) => text).join(' '));
}

/** No word comes twice. */
const keyOf = (isFinal: boolean, text: string) => `${isFinal} ${/\w+(?=\W*$)/.exec(text)?.[0]}`;
