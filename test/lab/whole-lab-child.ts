/** A process that starts everything the lab has, says so, and waits to be killed: for orphans.test.ts. */
import process from 'node:process';
import { startGpio } from './gpio.ts';
import { startNodeRed } from './node-red.ts';
import { noise } from './signals.ts';
import { startSoundCard } from './sound-card.ts';

const card = await startSoundCard({ rate: 16_000 });
const gpio = await startGpio({ chips: [{ base: 512, ngpio: 54, label: 'pinctrl-bcm2711' }] });
const nodeRed = await startNodeRed({ flow: [], env: card.env, wrap: gpio.wrap });
card.feed(noise(16_000 * 60, 1));
process.send!({ folders: [card.folder, nodeRed.userDir] });
setInterval(() => {}, 60_000);
