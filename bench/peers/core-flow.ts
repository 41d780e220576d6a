import type { FlowNode } from '../../test/lab/node-red.ts';
import { sink } from '../../test/lab/node-red.ts';
import { inject } from '../tutorials/contestants.ts';

/** Joins what comes from the pipe into frames of so many bytes. Digital silence comes as a string: it is valid UTF-8. */
const framing = (bytes: number) => `
const piece = Buffer.isBuffer(msg.payload) ? msg.payload : Buffer.from(msg.payload);
let all = Buffer.concat([context.get('rest') || Buffer.alloc(0), piece]);
const frames = [];
for (; all.length >= ${bytes}; all = all.subarray(${bytes})) frames.push({ payload: all.subarray(0, ${bytes}) });
context.set('rest', all);
return [frames];`;

/**
 * What a Node-RED user wires without voice nodes: arecord in an exec node, a function that makes frames of what it
 * writes, and the core websocket nodes.
 */
export function coreFlow({
	rate,
	frames,
	streams,
	url,
}: {
	readonly rate: number;
	readonly frames: number;
	readonly streams: number;
	readonly url: string;
}): FlowNode[] {
	const clouds = Array.from({ length: streams }, (_, index) => `cloud${index}`);
	const kill = { p: 'kill', v: 'SIGTERM', vt: 'str' };
	return [
		inject('start', [], ['arecord']),
		inject('stop', [kill], ['arecord']),
		{
			...{ id: 'arecord', type: 'exec', z: 'tab', useSpawn: 'true', addpay: '', append: '', timer: '' },
			command: `arecord -q -D vmic -t raw -f S16_LE -c 1 -r ${rate}`,
			wires: [['frames'], [], []],
		},
		{
			...{ id: 'frames', type: 'function', z: 'tab', outputs: 1, func: framing(frames * 2) },
			wires: [streams ? clouds.map((id) => `to-${id}`) : ['out']],
		},
		...clouds.flatMap((id) => [
			{ id, type: 'websocket-client', path: url, tls: '', wholemsg: 'false', hb: '5', subprotocol: '' },
			{ id: `to-${id}`, type: 'websocket out', z: 'tab', server: '', client: id, wires: [] },
			{ id: `from-${id}`, type: 'websocket in', z: 'tab', server: '', client: id, wires: [[`text-${id}`]] },
			{ id: `text-${id}`, type: 'json', z: 'tab', property: 'payload', action: 'obj', wires: [['out']] },
		]),
		sink('out', 'tab'),
	];
}
