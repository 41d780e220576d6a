import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { compileC } from './root.ts';
import { alsaConfig, parseTeeName, pulseScript } from './sound-card-config.ts';

const run = promisify(execFile);

/** PCMs of an awkward card, which take one rate or channel count only. */
const AWKWARD = ['only48', 'stereo'];

export interface SoundCardOptions {
	/** Hz of the card. Only a stream at this rate passes sample-exactly; PulseAudio resamples any other. */
	rate: number;
	/** Channels of the card (default 1). */
	channels?: number;
	/** Adds the PCMs `only48` and `stereo`, and lets `setBusy` and `restrict` work. Needs gcc. */
	awkward?: boolean;
	/** The microphone hears the speaker, as in a room. */
	echo?: boolean;
}

/** Sound on its way into the virtual microphone. */
export interface Feed {
	/** Resolves when the last sample was taken by the card, or after `stop`; rejects if the card vanishes. */
	done: Promise<void>;
	/** Ends the sound at once. */
	stop(): void;
}

/** What one program played: its samples exactly as the program wrote them, before any conversion. */
export interface SpokenStream {
	pcm: string;
	rate: number;
	channels: number;
	/** ALSA's name of the sample format, e.g. S16_LE. */
	format: string;
	data: Buffer;
}

export interface SoundCard {
	/** Variables for every process that shall see this card, and no other. */
	env: Record<string, string>;
	/** A folder for the test's own files; `stop` removes it. */
	folder: string;
	/** Plays s16le PCM (default: at the card's rate and channels) into the virtual microphone. */
	feed(pcm: Buffer, format?: { rate?: number; channels?: number }): Feed;
	/** All that was played on any PCM since the start or `clearSpoken`, in the order in which the PCMs were opened. */
	spoken(): Buffer;
	/** The same, one entry for each time that a program opened a PCM and played something. */
	spokenStreams(): SpokenStream[];
	clearSpoken(): void;
	/** While busy, opening the PCM of this name fails with EBUSY (`awkward` only). */
	setBusy(pcm: string, busy: boolean): void;
	/** Gives a PCM one rate and/or channel count from its next opening on; `{}` lifts it (`awkward` only). */
	restrict(pcm: string, to: { rate?: number; channels?: number }): void;
	/** The device is unplugged from a sound server that lives on. */
	unplug(): Promise<void>;
	/** … and plugged in again. */
	plug(): Promise<void>;
	/** As if it were unplugged: SIGKILL for the sound server. */
	kill(): Promise<void>;
	/** The device is plugged in again: a new sound server behind the same socket. */
	restart(): Promise<void>;
	/** Ends everything and removes all files. Rejects if the sound server had died by itself. */
	stop(): Promise<void>;
}

/**
 * Starts a virtual sound card: a private PulseAudio daemon, real-time paced, and an ALSA configuration with these PCMs:
 *
 * - `vmic`: capture; what `feed` plays. Between feeds it delivers digital silence.
 * - `vspk`: playback. ALSA's `file` plugin stands before PulseAudio, so what a program writes is recorded
 *   sample-exactly, whatever the load of the machine (a recording of PulseAudio's monitor would have gaps).
 *   Each opening of a PCM writes a file of its own: PortAudio opens every PCM while it looks for devices.
 *   What a killed program had written but the card had not yet played may miss its last buffer.
 * - `default`: vspk and vmic.
 * - with `awkward`: `only48` (capture and playback, 48000 Hz only) and `stereo` (capture and playback, 2 channels
 *   only). A preloaded library (alsa-shim.c) makes them so; it can also make any PCM busy.
 *
 * Without `awkward` a PCM takes every rate and channel count, as PulseAudio does.
 * @throws if the sound server does not start; the message holds its log
 */
export async function startSoundCard(options: SoundCardOptions): Promise<SoundCard> {
	const folder = await mkdtemp(join(tmpdir(), 'voice-lab-card-'));
	let card: VirtualCard | undefined;
	try {
		card = new VirtualCard(folder, options);
		await card.restart();
		return card;
	} catch (error) {
		await card?.kill();
		await rm(folder, { recursive: true, force: true });
		throw error;
	}
}

class VirtualCard implements SoundCard {
	readonly env: Record<string, string>;
	readonly folder: string;
	readonly #rate: number;
	readonly #channels: number;
	readonly #awkward: boolean;
	readonly #feedSink: string;
	readonly #daemonEnv: NodeJS.ProcessEnv;
	readonly #feeds = new Set<ChildProcess>();
	readonly #cleared = new Map<string, number>();
	#daemon: ChildProcess | undefined;

	constructor(folder: string, { rate, channels = 1, awkward = false, echo = false }: SoundCardOptions) {
		this.folder = folder;
		this.#rate = rate;
		this.#channels = channels;
		this.#awkward = awkward;
		this.#feedSink = echo ? 'speaker' : 'feed';
		for (const name of ['run', 'state', 'config', 'spoken', 'alsa'])
			mkdirSync(join(folder, name), { mode: 0o700 });
		this.env = {
			ALSA_CONFIG_PATH: join(folder, 'asound.conf'),
			PULSE_SERVER: `unix:${this.#socket}`,
			PULSE_CLIENTCONFIG: join(folder, 'config', 'client.conf'),
			PULSE_COOKIE: join(folder, 'config', 'cookie'),
			PULSE_RUNTIME_PATH: join(folder, 'run'),
		};
		if (awkward) {
			this.env['LD_PRELOAD'] = compileC(['alsa-shim.c'], ['-shared', '-fPIC', '-ldl']);
			this.env['VOICE_LAB_ALSA'] = join(folder, 'alsa');
			this.restrict('only48', { rate: 48_000 });
			this.restrict('stereo', { channels: 2 });
		}
		this.#daemonEnv = {
			PATH: process.env['PATH'],
			LANG: 'C',
			HOME: folder,
			DBUS_SESSION_BUS_ADDRESS: 'disabled:',
			DBUS_SYSTEM_BUS_ADDRESS: 'disabled:',
			PULSE_RUNTIME_PATH: join(folder, 'run'),
			PULSE_STATE_PATH: join(folder, 'state'),
			PULSE_CONFIG_PATH: join(folder, 'config'),
			PULSE_COOKIE: join(folder, 'config', 'cookie'),
		};
		writeFileSync(
			join(folder, 'config', 'client.conf'),
			'autospawn = no\nenable-shm = no\nenable-memfd = no\n',
		);
		writeFileSync(this.#script, pulseScript(this.#socket, rate, channels, echo));
		const playback = ['vspk', 'default', ...(awkward ? AWKWARD : [])];
		const capture = ['vmic', 'default', ...(awkward ? AWKWARD : [])];
		writeFileSync(
			this.env['ALSA_CONFIG_PATH']!,
			alsaConfig(this.#socket, join(folder, 'spoken'), { capture, playback }),
		);
	}

	get #socket(): string {
		return join(this.folder, 'run', 'native');
	}

	get #script(): string {
		return join(this.folder, 'config', 'card.pa');
	}

	feed(pcm: Buffer, { rate = this.#rate, channels = this.#channels } = {}): Feed {
		// No --latency-msec: a large buffer in the server, so a busy machine does not tear the sound.
		const format = ['--raw', '--format=s16le', `--rate=${rate}`, `--channels=${channels}`];
		const pacat = spawn('pacat', ['--playback', `--device=${this.#feedSink}`, ...format], {
			env: { ...this.#daemonEnv, ...this.env, LD_PRELOAD: '' },
			stdio: ['pipe', 'ignore', 'pipe'],
		});
		this.#feeds.add(pacat);
		let stopped = false;
		let stderr = '';
		pacat.stderr.on('data', (data) => {
			stderr += data;
		});
		pacat.stdin.on('error', () => {}); // it ended early: its exit says why
		pacat.stdin.end(pcm);
		const done = new Promise<void>((resolve, reject) => {
			pacat.on('error', reject);
			pacat.on('close', (code) => {
				this.#feeds.delete(pacat);
				if (code === 0 || stopped) resolve();
				else reject(new Error(`pacat ended with ${code}: ${stderr}`));
			});
		});
		done.catch(() => {}); // a test that kills the card need not wait for its feeds
		const stop = () => {
			stopped = true;
			pacat.kill('SIGKILL');
		};
		return { done, stop };
	}

	spoken(): Buffer {
		return Buffer.concat(this.spokenStreams().map((stream) => stream.data));
	}

	spokenStreams(): SpokenStream[] {
		return this.#spokenFiles().flatMap((name) => {
			const data = readFileSync(join(this.folder, 'spoken', name)).subarray(this.#cleared.get(name) ?? 0);
			return data.length === 0 ? [] : [{ ...parseTeeName(name), data }];
		});
	}

	clearSpoken(): void {
		// The files stay: a program may still be writing into them.
		for (const name of this.#spokenFiles())
			this.#cleared.set(name, statSync(join(this.folder, 'spoken', name)).size);
	}

	#spokenFiles(): string[] {
		const folder = join(this.folder, 'spoken');
		const born = (name: string) => statSync(join(folder, name), { bigint: true }).birthtimeNs;
		return readdirSync(folder)
			.map((name) => ({ name, born: born(name) }))
			.sort((a, b) => (a.born < b.born ? -1 : a.born > b.born ? 1 : a.name.localeCompare(b.name)))
			.map(({ name }) => name);
	}

	setBusy(pcm: string, busy: boolean): void {
		this.#control(`${pcm}.busy`, busy ? '1' : undefined);
	}

	restrict(pcm: string, to: { rate?: number; channels?: number }): void {
		this.#control(`${pcm}.rate`, to.rate?.toString());
		this.#control(`${pcm}.channels`, to.channels?.toString());
	}

	#control(name: string, content: string | undefined): void {
		if (!this.#awkward) throw new Error('only an awkward card can do that');
		const path = join(this.folder, 'alsa', name);
		if (content === undefined) rmSync(path, { force: true });
		else writeFileSync(path, content);
	}

	async unplug(): Promise<void> {
		const { stdout } = await this.#pactl('list', 'short', 'modules');
		// First what hangs on another.
		for (const line of stdout.split('\n').filter(isDevice).reverse())
			await this.#pactl('unload-module', line.split('\t')[0] as string);
	}

	async plug(): Promise<void> {
		const script = readFileSync(this.#script, 'utf8').split('\n');
		for (const line of script.filter((line) => isDevice(line) || line.startsWith('set-default')))
			await this.#pactl(...line.split(' '));
	}

	/** Whether all modules are loaded. The socket is there before anybody listens on it. */
	async #answers(): Promise<boolean> {
		if (!existsSync(this.#socket)) return false;
		return this.#pactl('info').then(
			() => true,
			() => false,
		);
	}

	#pactl(...command: string[]): Promise<{ stdout: string }> {
		const env = { ...this.#daemonEnv, ...this.env, LD_PRELOAD: '' };
		return run('pactl', command, { env, timeout: 30_000 });
	}

	async kill(): Promise<void> {
		const daemon = this.#daemon;
		this.#daemon = undefined;
		if (daemon) await end(daemon, 'SIGKILL');
	}

	async restart(): Promise<void> {
		await this.kill();
		rmSync(this.#socket, { force: true });
		const log = join(this.folder, 'pulse.log');
		const flags = [
			'--daemonize=no',
			'--exit-idle-time=-1',
			'--use-pid-file=no',
			'--realtime=no',
			'--high-priority=no',
		];
		// --disable-shm: PulseAudio 16.1 can abort in its memfd code. setpriv: the daemon ends with this process.
		const daemon = spawn(
			'setpriv',
			[
				'--pdeathsig',
				'KILL',
				'pulseaudio',
				'-n',
				'-F',
				this.#script,
				'--disable-shm=yes',
				...flags,
				`--log-target=file:${log}`,
			],
			{ env: this.#daemonEnv, stdio: 'ignore' },
		);
		this.#daemon = daemon;
		await once(daemon, 'spawn');
		const deadline = Date.now() + 30_000;
		while (!(await this.#answers())) {
			if (daemon.exitCode !== null || Date.now() > deadline) {
				await this.kill();
				throw new Error(`pulseaudio did not start:\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
			}
			await sleep(10);
		}
	}

	async stop(): Promise<void> {
		for (const pacat of this.#feeds) pacat.kill('SIGKILL');
		const daemon = this.#daemon;
		const died = daemon && (daemon.exitCode !== null || daemon.signalCode !== null);
		const log = join(this.folder, 'pulse.log');
		const reason = died
			? `pulseaudio died (${daemon.exitCode ?? daemon.signalCode}):\n${readFileSync(log, 'utf8')}`
			: '';
		await this.kill();
		await rm(this.folder, { recursive: true, force: true });
		if (reason) throw new Error(reason);
	}
}

/** Whether it loads what programs see of the card, or is that. */
const isDevice = (line: string): boolean => /\b(sink_name=speaker|source_name=mic)\b/.test(line);

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exited = once(child, 'exit');
	child.kill(signal);
	await exited;
}
