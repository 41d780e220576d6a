import { workerData } from 'node:worker_threads';
import type { WorkerData } from './watch.ts';

/** A folder for a target's files, in memory where there is such a place; whoever started the thread removes it. */
export const scratch = (workerData as WorkerData).scratch;
