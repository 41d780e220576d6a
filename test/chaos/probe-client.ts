import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

// Asks a probe that is loaded into Node-RED's process, and reads what it counted.

/** @param socket where the probe listens: it says one line of JSON to whoever connects */
export const askProbe = async <T>(socket: string): Promise<T> => JSON.parse(await text(connect(socket))) as T;

export const total = (counts: Readonly<Record<string, number>>): number =>
	Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Sockets, pipes, servers, processes, timers: what stays open; not what is being read or asked for just now. */
export const isLasting = (resource: string): boolean => /(?<!Req)Wrap$|^Timeout$/.test(resource);
