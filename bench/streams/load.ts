import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import process from 'node:process';

export interface LoadFigures {
	/** Share of one processor that this process used, user and system, all its threads. */
	readonly cpu: number;
	/** Share of the time in which its event loop had something to do. */
	readonly busy: number;
	/** How late a timer of one millisecond is. */
	readonly delayP50Ms: number;
	readonly delayP99Ms: number;
	readonly delayMaxMs: number;
}

/** What this process does between `begin` and `end`. */
export class Load {
	readonly #delay = monitorEventLoopDelay({ resolution: 1 });
	#beganAt = 0;
	#cpu: NodeJS.CpuUsage | undefined;
	#loop: EventLoopUtilization | undefined;
	#figures: LoadFigures | undefined;

	begin(): void {
		this.#delay.enable();
		this.#beganAt = performance.now();
		this.#cpu = process.cpuUsage();
		this.#loop = performance.eventLoopUtilization();
	}

	end(): void {
		const { user, system } = process.cpuUsage(this.#cpu);
		const ms = performance.now() - this.#beganAt;
		const delay = this.#delay;
		delay.disable();
		this.#figures = {
			cpu: (user + system) / 1000 / ms,
			busy: performance.eventLoopUtilization(this.#loop).utilization,
			delayP50Ms: delay.percentile(50) / 1e6,
			delayP99Ms: delay.percentile(99) / 1e6,
			delayMaxMs: delay.max / 1e6,
		};
	}

	/** Once it has ended. */
	figures(): LoadFigures {
		return this.#figures!;
	}
}
