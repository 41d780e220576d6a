import type { Backend } from '../rules.ts';
import { firstAvailable } from './auto.ts';
import { openGpiomon } from './gpiomon.ts';
import type { OpenLine } from './line.ts';
import { openOnoff } from './onoff.ts';
import { shareLines } from './shared.ts';
import { openSimulated } from './simulated.ts';

const gpiomon = shareLines(openGpiomon);
const onoff = shareLines(openOnoff);

/** How each backend of the node's settings opens a line. */
export const openers: Record<Backend, OpenLine> = {
	auto: firstAvailable(gpiomon, onoff),
	gpiomon,
	onoff,
	simulated: openSimulated,
};
