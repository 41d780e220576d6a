import type { LocalEngine } from './providers/provider.ts';

/** What a test of a connection says: it was accepted, or why not. */
export type ConnectionAnswer =
	| {
			readonly ok: true;
			readonly ms: number;
			/** host:port */
			readonly peer?: string;
			/** Where the host names one: "eu". */
			readonly region?: string;
			readonly engine?: LocalEngine;
	  }
	| { readonly ok: false; readonly code: string; readonly message: string; readonly remedy: string };
