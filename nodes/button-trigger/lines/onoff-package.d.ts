// onoff is optional: where it did not compile, npm removes it and its types. What we, and the lab, use of onoff 6.
declare module 'onoff' {
	export type Edge = 'none' | 'rising' | 'falling' | 'both';

	export interface Options {
		activeLow?: boolean;
	}

	/** A GPIO line in sysfs. The constructor exports it, unless it is exported already. */
	export class Gpio {
		constructor(gpio: number, direction: 'in' | 'out', edge?: Edge, options?: Options);
		readSync(): 0 | 1;
		writeSync(value: 0 | 1): void;
		/** `value` is of no use beside an error. */
		watch(callback: (error: Error | null | undefined, value: 0 | 1) => void): void;
		unwatchAll(): void;
		edge(): Edge;
		activeLow(): boolean;
		/** Also ends watching, and closes the line. */
		unexport(): void;
	}
}
