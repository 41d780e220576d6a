// npm run demo: the example flow "Live transcription" in a real Node-RED; demo-options.mjs says with which options.
// Plain Node.js: it runs before node_modules exists.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { chooseModel, Interrupted } from './demo-models.mjs';
import { HELP, readOptions, UsageError } from './demo-options.mjs';
import { PrepareError, prepare, prepareSystem, root } from './prepare.mjs';

const FLOW = join(root, 'examples/flows/live-transcription.json');
const RECORDING = join(root, 'examples/flows/turn-on-the-kitchen-light.wav');
const MIC_LIMIT_MS = 10_000;
/** Far longer than either source speaks plus what a slow machine needs to recognise it. */
const ONCE_LIMIT_MS = 120_000;
/** How long after the one the other of a failed stream's two signs may come: its error, its end. */
const ERROR_GRACE_MS = 500;
const NO_WORDS = 'no words were recognised';

/** Prints whole lines, and one line that is rewritten as long as nothing else is printed (a terminal only). */
class Screen {
	#rewriting = false;

	line(text = '') {
		process.stdout.write(`${this.#rewriting ? '\r\u001b[2K' : ''}${text}\n`);
		this.#rewriting = false;
	}

	rewrite(text) {
		if (!process.stdout.isTTY) {
			this.line(text);
			return;
		}
		// A line that wraps could not be taken back.
		const width = (process.stdout.columns || 80) - 1;
		process.stdout.write(`\r\u001b[2K${text.length > width ? `…${text.slice(1 - width)}` : text}`);
		this.#rewriting = true;
	}
}

const screen = new Screen();

/**
 * The example flow with the demo's source and recogniser, and the ids of its nodes by type.
 * @param {import('./demo-options.mjs').DemoOptions} options
 * @param {import('./demo-models.mjs').SherpaModel | undefined} chosen
 */
function demoFlow({ mic, file = RECORDING, language }, chosen) {
	const own = {
		'mic-capture': mic ? { source: 'auto', maxMs: MIC_LIMIT_MS } : { source: 'file', file },
		'stt-stream': { language: language === 'en' ? 'en-US' : language },
		'stt-provider': {
			model: chosen?.model ?? '',
			options: JSON.stringify({ engine: chosen ? 'sherpa-onnx' : 'pocketsphinx' }),
		},
	};
	const flow = JSON.parse(readFileSync(FLOW, 'utf8')).map((node) => ({ ...node, ...own[node.type] }));
	const idOf = (type) => flow.find((node) => node.type === type).id;
	return { flow, button: idOf('button-trigger'), stt: idOf('stt-stream'), catcher: idOf('catch') };
}

/** Follows one flow: what its recogniser and its Catch node send goes to the screen. */
class Demo {
	#RED;
	#ids;
	#onUtterance;
	#invitation;
	#running = false;
	#error;
	/** What was said of failures since the last time that somebody wanted to speak. */
	#told = new Set();

	/**
	 * @param invitation printed when a stream begins
	 * @param onUtterance called after each stream with its text, or with why there is none unless that was printed
	 */
	constructor(RED, ids, invitation, onUtterance) {
		this.#RED = RED;
		this.#invitation = invitation;
		this.#ids = ids;
		this.#onUtterance = onUtterance;
		RED.hooks.add('onSend.demo', (events) => {
			for (const { source, msg } of events) this.#take(source, msg);
		});
	}

	/** What pressing the button on the canvas does. */
	toggle() {
		this.#told.clear();
		this.#button(!this.#running);
	}

	#button(pressed) {
		this.#RED.nodes.getNode(this.#ids.button).receive({ payload: pressed });
	}

	#take({ id, port }, msg) {
		if (id === this.#ids.button && port === 0 && msg.payload === true) this.#begin();
		else if (id === this.#ids.catcher) this.#failed(msg.error);
		else if (id !== this.#ids.stt) return;
		else if (port === 0) screen.line(`> ${msg.payload}`);
		else if (port === 1) screen.rewrite(`… ${msg.payload}`);
		else if (msg.payload === 'closed') this.#closed(msg.session ?? {});
	}

	#begin() {
		this.#running = true;
		this.#error = undefined;
		screen.line(`\n${this.#invitation} …`);
	}

	#failed({ message, code }) {
		const error = `${code ?? 'error'}: ${message}`;
		this.#error = error;
		// What is missing is missed at the deployment and again by the stream.
		if (!this.#told.has(error)) screen.line(`! ${error}`);
		this.#told.add(error);
		this.#endSoon();
	}

	#closed({ text = '', code }) {
		if (!code && text.trim()) this.#end({ text: text.trim() });
		else this.#endSoon(code);
	}

	/** A stream that fails is closed and its error reported, in either order: the error says more. */
	#endSoon(reason = NO_WORDS) {
		setTimeout(() => this.#running && this.#end(this.#error ? {} : { error: reason }), ERROR_GRACE_MS);
	}

	#end(result) {
		this.#running = false;
		// The button is still down when the recording or the time is over; the next press needs it up.
		this.#button(false);
		this.#onUtterance(result);
	}
}

async function main(options) {
	const { mic, file, once, language } = options;
	prepare(mic ? 'mic' : 'nothing', { addons: mic });
	const chosen = await chooseModel(options);
	if (!chosen) prepareSystem('pocketsphinx');
	screen.line(`Recognising with ${chosen ? `sherpa-onnx, model ${chosen.name}` : 'PocketSphinx'}`);
	if (!mic && !file && !/^en\b/i.test(language))
		screen.line('The recording speaks English: use --mic or --file <some.wav> for another language.');

	const { startNodeRed } = await import('./demo-node-red.mjs');
	const { flow, ...ids } = demoFlow(options, chosen);
	let nodeRed;
	let ending = false;
	const end = async (code, text) => {
		if (ending) return;
		ending = true;
		if (text) screen.line(text);
		await nodeRed?.stop().catch((error) => screen.line(String(error)));
		process.exit(code);
	};
	// Before there is anything that could be left behind.
	for (const [signal, number] of [
		['SIGINT', 2],
		['SIGTERM', 15],
		['SIGHUP', 1],
	])
		process.on(signal, () =>
			ending ? process.exit(128 + number) : end(signal === 'SIGINT' ? 0 : 128 + number, ''),
		);
	nodeRed = await startNodeRed(root, flow, (text) => screen.line(text));
	const { RED, url } = nodeRed;

	const invitation = mic ? `Speak now (at most ${MIC_LIMIT_MS / 1000} s)` : 'The recording speaks';
	const demo = new Demo(RED, ids, invitation, ({ text, error }) => {
		const nothing = `Nothing recognised${error && error !== NO_WORDS ? ` (${error})` : ''}`;
		if (!once)
			screen.line(
				`${text ? 'Done' : nothing}. Press Enter here, or the button on the canvas, to speak again.`,
			);
		else if (text) end(0, `\nRecognised: ${text}`);
		else end(1, `\nThe demo failed${error ? `: ${error}` : ''}`);
	});
	screen.line(`\nThe flow is open at ${url} (the debug panel shows the transcripts too). Ctrl+C ends it.`);
	if (once)
		setTimeout(
			() => end(1, `\nThe demo failed: nothing was recognised within ${ONCE_LIMIT_MS / 1000} s`),
			ONCE_LIMIT_MS,
		);
	else createInterface({ input: process.stdin }).on('line', () => demo.toggle());
	demo.toggle();
}

/** Says what stopped the demo. @returns the exit code */
function report(thrown) {
	if (thrown instanceof UsageError) {
		console.error(`${thrown.message}\nSee npm run demo -- --help`);
		return 2;
	}
	const { code, problem, remedy } = thrown;
	// A VoiceError, of whichever build.
	if (code && problem) console.error(`\nThe download failed: ${code}: ${problem}\n${remedy}`);
	else
		console.error(thrown instanceof PrepareError || thrown instanceof Interrupted ? thrown.message : thrown);
	return thrown.exitCode ?? 1;
}

// Nobody reads on (`| head`), or the disk behind `>` is full.
process.stdout.on('error', ({ code, message }) => {
	if (code !== 'EPIPE') console.error(message);
	process.exit(code === 'EPIPE' ? 128 + 13 : 1);
});

try {
	const options = readOptions(process.argv.slice(2));
	if (options.help) process.stdout.write(HELP);
	else await main(options);
} catch (thrown) {
	process.exit(report(thrown));
}
