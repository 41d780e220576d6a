import type { Fault } from './fault.ts';
import { FLOW_FAULTS } from './flows.ts';
import { MACHINE_FAULTS } from './machine.ts';
import { PAGE_FAULTS } from './pages.ts';
import { RECOGNISER_FAULTS } from './recognisers.ts';

export const FAULTS: readonly Fault[] = [
	...RECOGNISER_FAULTS,
	...MACHINE_FAULTS,
	...FLOW_FAULTS,
	...PAGE_FAULTS,
];
