import { collectTail } from '../../../lib/process/guarded.ts';
import { eachLine } from '../../../lib/process/lines.ts';
import { ended, GpiodTools, toolError } from './gpiod-tools.ts';
import { type Line, type OpenLine, VoiceError } from './line.ts';

/** How long gpiomon may take to say that it watches the line. */
const OPEN_TIMEOUT_MS = 5000;

/**
 * Watches a line with libgpiod's gpiomon, through the kernel's character device. Debouncing is not left to it: only
 * version 2 can.
 */
export const openGpiomon: OpenLine = async ({ pin, pull }, events) => {
	const tools = await GpiodTools.find();
	const target = await tools.locate(pin);
	await tools.probe(target, pull);
	const gpiomon = tools.watch(target, pull);
	const { stdout, stderr } = gpiomon.process;
	const said = stderr ? collectTail(stderr) : () => '';
	let high: boolean | undefined;
	let closing = false;
	await new Promise<void>((resolve, reject) => {
		const timer = setTimeout(() => gpiomon.kill(), OPEN_TIMEOUT_MS);
		let watching = false;
		const isWatching = () => {
			watching = true;
			clearTimeout(timer);
			resolve();
		};
		const take = (text: string) => {
			const edge = tools.parseEdge(text);
			if (edge === undefined || closing) return;
			isWatching();
			if (edge === 'watching') return;
			high = edge === 'high';
			events.onLevel(high);
		};
		if (stdout) void eachLine(stdout, take);
		if (!tools.announces) isWatching();
		void ended(gpiomon).then((code) => {
			clearTimeout(timer);
			const error = toolError(said(), target.name, code);
			if (!watching) reject(error);
			else if (!closing) events.onLost(lost(target.name, error));
		});
	});
	const line: Line = {
		name: target.name,
		get high() {
			return high;
		},
		close: async () => {
			closing = true;
			await gpiomon.stop();
		},
	};
	return line;
};

function lost(name: string, error: VoiceError): VoiceError {
	return new VoiceError(error.code, `${name} was lost: ${error.problem}`, error.remedy, {
		retryable: true,
		cause: error,
	});
}
