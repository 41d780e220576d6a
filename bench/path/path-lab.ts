import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GpioChip, startGpio, type VirtualGpio } from '../../test/lab/gpio.ts';
import type { FlowNode } from '../../test/lab/node-red.ts';
import { sink } from '../../test/lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../../test/lab/recognisers/assemblyai.ts';
import { scripted, sentence } from '../../test/lab/recognisers/hearing.ts';
import { type LoopbackYandex, startYandex } from '../../test/lab/recognisers/yandex.ts';
import { compileC } from '../../test/lab/root.ts';
import { type SoundCard, startSoundCard } from '../../test/lab/sound-card.ts';
import { boolean, inject } from '../tutorials/contestants.ts';
import { BenchNodeRed } from '../tutorials/node-red.ts';
import { type Moment, moment } from './marks.ts';

export const RATE = 16_000;
/** Of a message: 100 ms. */
export const FRAMES = 1600;
export const BUTTON_PIN = 5;
const CHIP: GpioChip = { base: 569, ngpio: 54, label: 'pinctrl-rp1' };
/** A word for each piece of sound, whatever that holds. */
const WORDS = sentence(Array.from({ length: 4000 }, (_, index) => `word${index}`).join(' '), 0, 80);

/** Sound card, button, recognisers, and a Node-RED in which everything that passes is noted. */
export class PathLab {
	readonly card: SoundCard;
	readonly gpio: VirtualGpio;
	readonly assemblyAi: LoopbackAssemblyAi;
	readonly yandex: LoopbackYandex;
	readonly nodeRed: BenchNodeRed;
	/** Where the notes are. */
	readonly marks: string;

	static async start(): Promise<PathLab> {
		const ends: (() => Promise<unknown>)[] = [];
		try {
			const card = await startSoundCard({ rate: RATE });
			ends.unshift(() => card.stop());
			const gpio = await startGpio({ chips: [CHIP] });
			ends.unshift(() => gpio.stop());
			const ears = scripted(WORDS);
			const assemblyAi = await startAssemblyAi({ ears });
			ends.unshift(() => assemblyAi.stop());
			const yandex = await startYandex({ ears });
			ends.unshift(() => yandex.stop());
			const marks = join(card.folder, 'marks');
			mkdirSync(marks);
			const nodeRed = await BenchNodeRed.start(
				{
					...card.env,
					NODE_OPTIONS: `--import=${new URL('./probe.js', import.meta.url)}`,
					VOICE_BENCH_MARKS: marks,
					VOICE_BENCH_PORTS: assemblyAi.host.split(':')[1] ?? '',
					LD_PRELOAD: compileC(['pipe-clock.c'], ['-shared', '-fPIC', '-ldl']),
					VOICE_CLOCK_PROGRAM: 'arecord',
					VOICE_CLOCK_FILE: join(marks, 'arecord.marks'),
				},
				undefined,
				(command, args) => gpio.wrap(command, args),
			);
			ends.unshift(() => nodeRed.stop());
			return new PathLab({ card, gpio, assemblyAi, yandex, nodeRed, marks }, ends);
		} catch (error) {
			for (const end of ends) await end();
			throw error;
		}
	}

	readonly #ends: readonly (() => Promise<unknown>)[];

	private constructor(
		parts: Pick<PathLab, 'card' | 'gpio' | 'assemblyAi' | 'yandex' | 'nodeRed' | 'marks'>,
		ends: readonly (() => Promise<unknown>)[],
	) {
		this.card = parts.card;
		this.gpio = parts.gpio;
		this.assemblyAi = parts.assemblyAi;
		this.yandex = parts.yandex;
		this.nodeRed = parts.nodeRed;
		this.marks = parts.marks;
		this.#ends = ends;
	}

	now(): Moment {
		return moment(performance.now());
	}

	/** The button, active high, goes down or up; answers when. */
	button(pressed: boolean): Moment {
		const at = this.now();
		this.gpio.set(CHIP.base + BUTTON_PIN, pressed ? 1 : 0);
		return at;
	}

	/** Is the button watched? */
	get isButtonReady(): boolean {
		const line = CHIP.base + BUTTON_PIN;
		return this.gpio.exported().includes(line) && this.gpio.read(line, 'edge') === 'both';
	}

	/** A microphone and what it leads to, with inject nodes "start" and "stop" for it. */
	async deploy(
		mic: Readonly<Record<string, unknown>>,
		streams: readonly { readonly id: string; readonly provider: Provider; readonly warm?: boolean }[],
		more: readonly FlowNode[] = [],
	): Promise<void> {
		await this.nodeRed.deploy([
			{ id: 'tab', type: 'tab', label: 'Bench' },
			inject('start', [boolean(true)], ['mic']),
			inject('stop', [boolean(false)], ['mic']),
			{
				...{ id: 'mic', type: 'mic-capture', z: 'tab', device: 'vmic', sampleRate: RATE, channels: 1 },
				...{ framesPerBuffer: FRAMES, ...mic },
				wires: [streams.map(({ id }) => id), []],
			},
			...streams.map(({ id, provider, warm = false }) => ({
				...{
					id,
					type: 'stt-stream',
					z: 'tab',
					provider: `at-${provider}`,
					warm,
					language: LANGUAGES[provider],
				},
				wires: [['out'], ['out'], ['out']],
			})),
			{
				...{
					id: 'at-assemblyai',
					type: 'stt-provider',
					provider: 'assemblyai',
					endpoint: this.assemblyAi.url,
				},
				credentials: { apiKey: this.assemblyAi.apiKey },
			},
			{
				...{ id: 'at-yandex', type: 'stt-provider', provider: 'yandex' },
				endpoint: this.yandex.endpoint,
				credentials: { apiKey: this.yandex.apiKey },
			},
			sink('out', 'tab'),
			...more,
		]);
	}

	async stop(): Promise<void> {
		for (const end of this.#ends) await end();
	}
}

export type Provider = 'assemblyai' | 'yandex';
const LANGUAGES = { assemblyai: '', yandex: 'ru-RU' } as const;
