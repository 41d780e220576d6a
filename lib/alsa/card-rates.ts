import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rate } from '../audio/device-name.ts';
import type { Direction } from './errors.ts';

/**
 * The rates of a USB card by ALSA's name for it (`hw:CARD=Device,DEV=0`), as the kernel tells them; of any other device
 * they are known only to who opens it. Source: linux, sound/usb/proc.c.
 */
export function cardRates(
	direction: Direction,
	name: string,
	asoundFolder = '/proc/asound',
): Rate[] | undefined {
	const [, card, device = '0'] = /^hw:(?:CARD=)?(\w+)(?:,(?:DEV=)?(\d+))?$/.exec(name) ?? [];
	if (card === undefined) return undefined;
	// The folder of a card has its number, and a link with its name.
	const folder = /^\d+$/.test(card) ? `card${card}` : card;
	try {
		return parseRates(direction, readFileSync(join(asoundFolder, folder, `stream${device}`), 'utf8'));
	} catch {
		return undefined;
	}
}

/** All rates of the direction, rising; undefined if there are none. */
export function parseRates(direction: Direction, text: string): Rate[] | undefined {
	const heading = direction === 'input' ? 'Capture:' : 'Playback:';
	const part = text.split(/^(?=\S)/m).find((part) => part.startsWith(heading)) ?? '';
	const rates = new Map<string, Rate>();
	for (const [, words = ''] of part.matchAll(/^[ \t]+Rates: (.*)$/gm)) {
		const range = /^([1-9]\d{0,8}) - ([1-9]\d{0,8}) \(continuous\)$/.exec(words);
		if (range) rates.set(words, [Number(range[1]), Number(range[2])]);
		else for (const word of words.split(', ')) if (/^[1-9]\d{0,8}$/.test(word)) rates.set(word, Number(word));
	}
	const lowest = (rate: Rate) => (typeof rate === 'number' ? rate : rate[0]);
	return rates.size ? [...rates.values()].sort((a, b) => lowest(a) - lowest(b)) : undefined;
}
