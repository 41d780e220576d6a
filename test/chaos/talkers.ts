import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeWav } from '../../lib/audio/wav.ts';
import type { Feed } from '../lab/sound-card.ts';
import { PageClient } from '../lib/browser/page-client.ts';
import type { Dice } from './dice.ts';
import { PAGE } from './flow.ts';
import type { House } from './house.ts';
import { BYTES_PER_MS, RATE, Speech } from './speech.ts';

const FRAME_MS = 40;
/** Longer than a round. */
const FEED_MS = 60_000;

/** Speaks into the sound card without a pause, and holds the button. */
export class CardTalker {
	readonly #house: House;
	readonly #speech = new Speech(0);
	#feed: Feed | undefined;

	constructor(house: House) {
		this.#house = house;
	}

	/** Speaks on, also after the card was away. */
	speak(): void {
		if (this.#feed) return;
		const feed = this.#house.card.feed(this.#speech.say(FEED_MS).pcm);
		this.#feed = feed;
		const over = () => {
			if (this.#feed === feed) this.#feed = undefined;
		};
		feed.done.then(over, over);
	}

	async start(dice: Dice): Promise<void> {
		this.speak();
		if (dice.oneIn(2)) await this.#house.press(true);
		else await this.#house.nodeRed.send('mic-card', { payload: true });
	}

	/** Whoever began. */
	async stop(): Promise<void> {
		await this.#house.press(false);
		await this.#house.nodeRed.send('mic-card', { payload: false });
	}

	silence(): void {
		this.#feed?.stop();
	}
}

/** Puts recordings where mic-file plays them. */
export class FileTalker {
	readonly #house: House;
	readonly #speech = new Speech(400_000);
	/** What the file holds, or held before. */
	readonly said: Buffer[] = [];

	constructor(house: House) {
		this.#house = house;
	}

	async start(dice: Dice): Promise<void> {
		this.renew(dice);
		await this.#house.nodeRed.send('mic-file', { payload: true });
	}

	/** Something new is in the file: no two streams are to sound alike. */
	renew(dice: Dice): void {
		const { pcm } = this.#speech.say(dice.between(500, 2500));
		this.said.push(pcm);
		const { said } = this.#house.parts;
		writeFileSync(`${said}.new`, encodeWav([pcm], { sampleRate: RATE, channels: 1 }));
		renameSync(`${said}.new`, said);
	}

	async stop(): Promise<void> {
		await this.#house.nodeRed.send('mic-file', { payload: false });
	}
}

/** An utterance in a browser tab. */
export interface Utterance {
	readonly client: PageClient;
	readonly number: number;
	readonly stream: string;
	/** All that was sent. */
	readonly sent: Buffer[];
	speaking: boolean;
	readonly over: Promise<void>;
}

/** Browser tabs in which somebody speaks. */
export class PageTalker {
	readonly #house: House;
	readonly #speech: Speech;
	readonly utterances: Utterance[] = [];

	constructor(house: House, speech: Speech) {
		this.#house = house;
		this.#speech = speech;
	}

	/** Those in which somebody speaks now. */
	get open(): Utterance[] {
		return this.utterances.filter(({ client, speaking }) => speaking && client.socket.readyState === 1);
	}

	async start(dice: Dice): Promise<void> {
		const client = await PageClient.connect(`${this.#house.nodeRed.url}${PAGE}`);
		const { utterance: number, stream } = await client.start(RATE);
		const { pcm } = this.#speech.say(dice.between(1000, 4000));
		const sent: Buffer[] = [];
		const utterance: Utterance = { client, number, stream, sent, speaking: true, over: Promise.resolve() };
		this.utterances.push(utterance);
		Object.assign(utterance, { over: this.#speak(utterance, pcm) });
	}

	/** Ends all utterances and closes all tabs. */
	async stop(): Promise<void> {
		for (const utterance of this.utterances) {
			const { client, number } = utterance;
			utterance.speaking = false;
			await utterance.over;
			if (client.socket.readyState !== 1) continue;
			await Promise.race([client.stop(number).catch(() => ''), client.closed]);
			if (client.socket.readyState === 1) await client.leave();
		}
	}

	/** As a tab does: a frame every so often, in real time. */
	async #speak(utterance: Utterance, pcm: Buffer): Promise<void> {
		const { client, sent } = utterance;
		const size = FRAME_MS * BYTES_PER_MS;
		const began = performance.now();
		for (let at = 0; at < pcm.length && utterance.speaking; at += size) {
			const due = began + at / BYTES_PER_MS + FRAME_MS;
			await sleep(Math.max(0, due - performance.now()));
			if (!utterance.speaking || client.socket.readyState !== 1) return;
			const frame = pcm.subarray(at, at + size);
			client.socket.send(frame);
			sent.push(frame);
		}
	}
}
