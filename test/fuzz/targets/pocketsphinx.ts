import { PassThrough } from 'node:stream';
import { LineSplitter } from '../../../lib/process/lines.ts';
import { ContinuousParser } from '../../../nodes/stt-stream/providers/local/continuous-parser.ts';
import { EngineLog } from '../../../nodes/stt-stream/providers/local/engine-log.ts';
import { LiveParser } from '../../../nodes/stt-stream/providers/local/live-parser.ts';
import { SidecarParser } from '../../../nodes/stt-stream/providers/local/sidecar-parser.ts';
import type { SttEvent } from '../../../nodes/stt-stream/providers/provider.ts';
import { checkEvent } from '../events.ts';
import { lineMutator } from '../mutate.ts';
import { jsonMutator } from '../mutate-json.ts';
import { rule, type Target, Violation } from '../target.ts';

const PARSERS = [ContinuousParser, LiveParser, SidecarParser];
const SETTINGS = [
	{ leadMs: 0, confidence: true, language: '' },
	{ leadMs: 500, confidence: false, language: 'en-US' },
];

const CONTINUOUS = `INFO: x.c(1): COMPILED ON: Jan\nturn on the light
<s> 0.000 0.090 0.999800\nturn(2) 0.100 0.320 0.951200\non 0.330 0.500 0.881000\nthe 0.510 0.600 1.0e-5
light 0.610 0.900 0.777000\n<sil> 0.910 1.000 1.000000\n</s> 1.010 1.020 1.000000\n`;
const LIVE = `{"b":0.54,"d":1.18,"p":0.9,"t":"go forward","w":[{"b":0.54,"d":0.3,"p":0.98,"t":"go"},{"b":0.9,"d":0.5,"p":0.9,"t":"forward(2)"}]}\n`;
const SIDECAR = `{"type":"ready"}
{"type":"speech","at":600}
{"type":"partial","text":"go","start":600,"end":900}
{"type":"final","words":[{"text":"<sil>","start":1,"end":2,"prob":1},{"text":"go","start":600,"end":900,"prob":0.9}]}
`;
const LOG =
	'ERROR: "jsgf.c", line 12: Undefined rule\nTraceback:\nValueError: no such model\nFATAL: "cmn.c", line 1: x\n';

const lines = lineMutator([
	...CONTINUOUS.split('\n'),
	...LOG.split('\n'),
	'{',
	'}',
	'\r\n',
	'<sil>',
	'1e999',
	'w 1.0 2.0 0.5',
]);
const json = jsonMutator({
	words: ['b', 'd', 'p', 't', 'w', 'type', 'text', 'at', 'start', 'end', 'words', 'prob'],
});

/** A byte that chooses the parser and its settings, then what the program prints. */
export const target: Target = {
	covers: ['continuous-parser', 'live-parser', 'sidecar-parser', 'engine', 'engine-log']
		.map((name) => `nodes/stt-stream/providers/local/${name}.js`)
		.concat('lib/process/lines.js'),
	seeds: [CONTINUOUS, LIVE, SIDECAR, LOG].map((text, index) =>
		Buffer.concat([Buffer.of(index % 3), Buffer.from(text)]),
	),
	mutate(input, random, other) {
		const head = Buffer.of(random.chance(0.1) ? random.int(6) : (input[0] ?? 0));
		const texts = input.subarray(1);
		const at = texts.indexOf('{');
		if (at < 0 || random.chance(0.4)) return Buffer.concat([head, lines(texts, random, other.subarray(1))]);
		// One of the lines of JSON.
		const all = texts.toString('latin1').split('\n');
		const chosen = random.int(all.length);
		all[chosen] = json(Buffer.from(all[chosen] ?? '', 'latin1'), random, Buffer.alloc(0)).toString('latin1');
		return Buffer.concat([head, Buffer.from(all.join('\n'), 'latin1')]);
	},
	run(input, random) {
		const kind = input[0] ?? 0;
		const Parser = PARSERS[kind % 3]!;
		const settings = SETTINGS[kind & 1]!;
		const text = input.subarray(1);
		const whole = parse(new Parser(settings), [text]);
		const cut = parse(new Parser(settings), random.cut(text));
		rule(JSON.stringify(cut) === JSON.stringify(whole), 'cut and whole');
		const counted = whole.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0);
		rule(counted <= 100 * text.length + 200, `${counted} characters of events`);
		rule(readLog([text]) === readLog(random.cut(text)), 'log: cut and whole');
	},
};

function parse(parser: InstanceType<(typeof PARSERS)[number]>, pieces: readonly Buffer[]) {
	const splitter = new LineSplitter(2000);
	const events: SttEvent[] = [];
	let ready = 0;
	let failed = '';
	const take = (read: () => readonly SttEvent[] | 'ready') => {
		if (failed) return;
		try {
			const found = read();
			if (found === 'ready') ready++;
			else
				for (const event of found) {
					checkEvent(event);
					events.push(event);
				}
		} catch (thrown) {
			// The session calls it garbled, and ends.
			if (thrown instanceof Violation) throw thrown;
			failed = String(thrown);
		}
	};
	for (const piece of pieces) for (const line of splitter.push(piece)) take(() => parser.line(line));
	for (const line of splitter.end()) take(() => parser.line(line));
	take(() => parser.end());
	return { events, ready, failed };
}

function readLog(pieces: readonly Buffer[]): string {
	const stream = new PassThrough();
	let loaded = 0;
	const log = new EngineLog(stream, /COMPILED ON/, () => loaded++);
	for (const piece of pieces) stream.emit('data', piece);
	stream.emit('end');
	rule(log.error.length <= 200, 'a long error');
	return `${loaded} ${log.error}`;
}
