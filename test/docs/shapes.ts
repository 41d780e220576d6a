import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import type { LabNodeRed, Message } from '../lab/node-red.ts';

// Messages as the pages draw them, compared with real ones: nothing that is drawn may be missing, nothing that comes
// may be left out.

interface Shape {
	/** Waits for such messages. */
	readonly real: (nodeRed: LabNodeRed) => Promise<Message[]>;
	/** Drawn, but not in each of them; the page says when. */
	readonly sometimes: readonly string[];
}

const closed = (message: Message) => message['payload'] === 'closed';
/** Every message of an output, once the stream's last one is there. */
const all =
	(node: string, port: number, last: (message: Message) => boolean) => async (nodeRed: LabNodeRed) => {
		await nodeRed.waitFor(node, last, { port });
		return nodeRed.messages(node, port);
	};

export const SHAPES: Readonly<Record<string, Shape>> = {
	'shape-chunk': {
		real: all('shape-mic', 0, ({ complete }) => complete === true),
		sometimes: ['audio.ended', 'parts.count', 'complete'],
	},
	'shape-recording': { real: all('shape-mic', 1, () => true), sometimes: ['audio.truncated'] },
	'shape-transcript': {
		real: async (nodeRed) => {
			await nodeRed.waitFor('shape-stt', closed, { port: 2 });
			return nodeRed.messages('shape-stt', 0);
		},
		sometimes: [
			'transcript.alternatives',
			'transcript.language',
			'transcript.confidence',
			'transcript.words',
		],
	},
	'shape-session': {
		real: all('shape-stt', 2, closed),
		sometimes: ['text', 'code', 'firstPartialMs', 'finalLatencyMs', 'atMs', 'detail'].map(
			(key) => `session.${key}`,
		),
	},
	'shape-button': {
		real: all('shape-button', 0, ({ payload }) => payload === false),
		sometimes: ['button.heldMs'],
	},
	'shape-gesture': { real: all('shape-button', 1, () => true), sometimes: [] },
	'shape-playback': {
		real: all('shape-play', 0, () => true),
		sometimes: ['playback.droppedMs', 'playback.code'],
	},
};

/** What a message that audio-play passes on had before. */
const PASSED_ON = /^(_msgid|audio|audio\..*|stream)$/;

export async function compareShape(nodeRed: LabNodeRed, name: string, code: string): Promise<void> {
	const { real, sometimes } = SHAPES[name]!;
	const drawn = fields(runInNewContext(`(${code}\n)`, { Buffer }) as object);
	const messages = await real(nodeRed);
	assert.ok(messages.length > 0);
	for (const message of messages) {
		const came = fields(message);
		for (const [path, kind] of drawn)
			if (came.has(path) || !sometimes.some((one) => `${path}.`.startsWith(`${one}.`)))
				assert.equal(came.get(path), kind, `${name}: ${path}`);
		const left = [...came.keys()].filter((path) => !drawn.has(path) && path !== '_msgid');
		const undrawn = name === 'shape-playback' ? left.filter((path) => !PASSED_ON.test(path)) : left;
		assert.deepEqual(undrawn, [], `${name}: not drawn`);
	}
}

/** Every field of a message by its path, and of which kind it is; of a list, its first element. */
function fields(value: object, path = ''): Map<string, string> {
	const found = new Map<string, string>();
	for (const [key, field] of Object.entries(value)) {
		const name = Array.isArray(value) ? '0' : key;
		const own = path ? `${path}.${name}` : name;
		const kind = Buffer.isBuffer(field) ? 'Buffer' : typeof field;
		if (!found.has(own)) found.set(own, kind);
		if (kind === 'object') for (const [inner, what] of fields(field as object, own)) found.set(inner, what);
	}
	return found;
}
