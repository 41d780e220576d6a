import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { isAlive, type Proc } from '../lab/descendants.ts';
import { startGpio, type VirtualGpio } from '../lab/gpio.ts';
import { needs } from '../lab/needs.ts';
import { type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { type LoopbackAssemblyAi, startAssemblyAi } from '../lab/recognisers/assemblyai.ts';
import { type LoopbackYandex, startYandex } from '../lab/recognisers/yandex.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { writeToyCtc } from '../lab/toy-models/models.ts';
import { CREDENTIALS, chaosFlow, type FlowParts } from './flow.ts';
import type { Vitals } from './probe.ts';
import { askProbe } from './probe-client.ts';
import { RATE } from './speech.ts';

/** Of the disk that play-file writes to. */
const DISK_BYTES = 512 * 1024;
/** A turn ends with so many words: finals come often. */
const TURN_WORDS = 6;

/** The button's line: its BCM number, and that of its chip's first line. */
const PIN = 17;
const GPIO_BASE = 512;

/** What is missing for a button on a line of a virtual GPIO chip, read by the real onoff; false: nothing. */
export const missingForLine = (): false | string => needs('fuse', 'mount-namespace', 'onoff');

/** Where Debian has libfaketime; undefined if this machine does not. */
export function faketimeLibrary(): string | undefined {
	const folders = ['x86_64', 'aarch64', 'arm', 'i386', 'riscv64'].map((cpu) => {
		const abi = cpu === 'arm' ? 'gnueabihf' : 'gnu';
		return `/usr/lib/${cpu}-linux-${abi}/faketime/libfaketimeMT.so.1`;
	});
	return [...folders, '/usr/local/lib/faketime/libfaketimeMT.so.1'].find((path) => existsSync(path));
}

/** A whole voice interface, and everything around it that may break. */
export class House {
	readonly folder: string;
	readonly card: SoundCard;
	/** Undefined: the button is simulated. */
	readonly gpio: VirtualGpio | undefined;
	readonly assemblyai: LoopbackAssemblyAi;
	readonly yandex: LoopbackYandex;
	readonly nodeRed: LabNodeRed;
	readonly parts: FlowParts;
	/** Undefined: Node-RED's clock cannot be moved on this machine. */
	readonly clockFile: string | undefined;
	readonly log: (line: string) => void;
	/** Processes that were stopped (SIGSTOP). */
	readonly frozen = new Set<Proc>();
	/** What Node-RED held with an empty flow when that was first measured. */
	least: Vitals | undefined;
	readonly #probe: string;
	/** Also where somebody ends the run. */
	readonly #forget = () => forgetFaketime(this.nodeRed.pid);

	private constructor(
		fields: Pick<
			House,
			'folder' | 'card' | 'gpio' | 'assemblyai' | 'yandex' | 'nodeRed' | 'parts' | 'clockFile' | 'log'
		>,
		probe: string,
	) {
		this.folder = fields.folder;
		this.card = fields.card;
		this.gpio = fields.gpio;
		this.assemblyai = fields.assemblyai;
		this.yandex = fields.yandex;
		this.nodeRed = fields.nodeRed;
		this.parts = fields.parts;
		this.clockFile = fields.clockFile;
		this.log = fields.log;
		this.#probe = probe;
		process.once('exit', this.#forget);
	}

	/** @param backend how sound cards are used */
	static async start(backend: FlowParts['backend']): Promise<House> {
		const folder = await mkdtemp(join(tmpdir(), 'voice-chaos-'));
		const began = performance.now();
		const log = (line: string) =>
			appendFileSync(
				join(folder, 'chaos.log'),
				`${((performance.now() - began) / 1000).toFixed(3)} ${line}\n`,
			);
		const disk = join(folder, 'disk');
		const probe = join(folder, 'probe');
		mkdirSync(disk);
		const card = await startSoundCard({ rate: RATE });
		const gpio = missingForLine()
			? undefined
			: await startGpio({ chips: [{ base: GPIO_BASE, ngpio: 58, label: 'pinctrl-bcm2711' }] });
		const assemblyai = await startAssemblyAi({ turnWords: TURN_WORDS });
		const yandex = await startYandex({ turnWords: TURN_WORDS });
		const parts: FlowParts = {
			backend,
			pin: gpio && String(PIN),
			assemblyai: assemblyai.url,
			yandex: yandex.endpoint,
			model: writeToyCtc(join(folder, 'model')),
			said: join(folder, 'said.wav'),
			played: join(disk, 'played.wav'),
		};
		const faketime = faketimeLibrary();
		const clockFile = faketime && join(folder, 'clock');
		if (clockFile) writeFileSync(clockFile, '+0\n');
		// Monotonic clocks do not jump, on real machines either.
		const clock = {
			...(faketime && { LD_PRELOAD: faketime }),
			FAKETIME_TIMESTAMP_FILE: clockFile ?? '',
			FAKETIME_CACHE_DURATION: '1',
			FAKETIME_DONT_FAKE_MONOTONIC: '1',
			NO_FAKE_STAT: '1',
		};
		const nodeRed = await startNodeRed({
			flow: chaosFlow(parts),
			credentials: CREDENTIALS,
			env: { ...card.env, ...(faketime && clock), VOICE_CHAOS_PROBE: probe, VOICE_CHAOS_OBJECTS: '1' },
			// A small disk of its own, in a mount namespace; the pid stays the same.
			wrap: (command, args) => {
				const [program, ...rest] = [
					'unshare',
					process.getuid?.() === 0 ? '-m' : '-rm',
					'sh',
					'-c',
					`mount -t tmpfs -o size=${DISK_BYTES} voice-chaos "$0" && exec "$@"`,
					disk,
					command,
					'--import',
					new URL('./probe.js', import.meta.url).href,
					...args,
				] as const;
				return gpio ? gpio.wrap(program, rest) : [program, rest];
			},
		}).catch(async (error: unknown) => {
			await Promise.all([card.stop(), assemblyai.stop(), yandex.stop(), gpio?.stop()]);
			throw error;
		});
		return new House({ folder, card, gpio, assemblyai, yandex, nodeRed, parts, clockFile, log }, probe);
	}

	/** The small disk, as Node-RED's process sees it. */
	get disk(): string {
		return join('/proc', String(this.nodeRed.pid), 'root', this.folder, 'disk');
	}

	/** Puts the button down or lets it go. */
	async press(isDown: boolean): Promise<void> {
		this.gpio?.set(GPIO_BASE + PIN, isDown ? 0 : 1);
		// What came as a message is ended by one.
		if (!this.gpio || !isDown) await this.nodeRed.send('button', { payload: isDown });
	}

	/** Another program takes the button's line away, or gives it back. False: it could not. */
	holdLine(isHeld: boolean): boolean {
		const { gpio } = this;
		if (!gpio) return false;
		const line = GPIO_BASE + PIN;
		try {
			if (gpio.exported().includes(line))
				writeFileSync(`/proc/${gpio.pid}/root/sys/class/gpio/unexport`, String(line));
			gpio.hold(line, isHeld);
			return true;
		} catch {
			return false; // somebody was faster
		}
	}

	/** What Node-RED's process holds now. */
	async vitals(): Promise<Vitals> {
		return askProbe<Vitals>(this.#probe);
	}

	/** Lets a stopped process run on. */
	thaw(proc: Proc): void {
		this.frozen.delete(proc);
		if (isAlive(proc)) process.kill(proc.pid, 'SIGCONT');
	}

	/** @throws if Node-RED had ended or leaves a process behind; keeps the folder with the log then */
	async stop({ keep = false } = {}): Promise<void> {
		for (const proc of this.frozen) this.thaw(proc);
		writeFileSync(join(this.folder, 'node-red.log'), this.nodeRed.log.join('\n'));
		try {
			await this.nodeRed.stop();
			if (!keep) await rm(this.folder, { recursive: true, force: true });
		} finally {
			await Promise.all([this.assemblyai.stop(), this.yandex.stop()]);
			await this.gpio?.stop();
			await this.card.stop();
			this.#forget();
			process.off('exit', this.#forget);
		}
	}
}

/** What libfaketime leaves of a process in memory that outlives it. */
function forgetFaketime(pid: number): void {
	for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
		rmSync(join('/dev/shm', name), { force: true });
}
