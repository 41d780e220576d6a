import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import process from 'node:process';

export interface LoadFigures {
	/** Share of one processor that this process used, user and system, all its threads. */
	readonly cpu: number;
	/** Share of the time in which its event loop had something to do. */
	readonly busy: number;
}

/** What this process does between `begin` and `end`. */
export class Load {
	#beganAt = 0;
	#cpu: NodeJS.CpuUsage | undefined;
	#loop: EventLoopUtilization | undefined;
	#figures: LoadFigures = { cpu: Number.NaN, busy: Number.NaN };

	begin(): void {
		this.#beganAt = performance.now();
		this.#cpu = process.cpuUsage();
		this.#loop = performance.eventLoopUtilization();
	}

	end(): void {
		const { user, system } = process.cpuUsage(this.#cpu);
		const ms = performance.now() - this.#beganAt;
		this.#figures = {
			cpu: (user + system) / 1000 / ms,
			busy: performance.eventLoopUtilization(this.#loop).utilization,
		};
	}

	figures(): LoadFigures {
		return this.#figures;
	}
}
