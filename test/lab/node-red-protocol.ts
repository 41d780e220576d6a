/** What startNodeRed (node-red.ts) and its process (node-red-child.ts) say to each other. */

/** One node of a flow file. */
export type FlowNode = { id: string; type: string; [property: string]: unknown };
export type Credentials = Record<string, Record<string, string>>;
export type Message = Record<string, unknown>;

/** A node.error() or done(error): what a Catch node gets, whether or not there is one. */
export interface NodeFailure {
	/** Id and type of the node that failed. */
	node: string;
	type: string;
	message: string;
	code?: string;
	stack?: string;
	/** The message that was being handled, if the node named it. Without one, no Catch node hears of the error. */
	msg?: Message;
	/** Any other own field of the error. */
	[field: string]: unknown;
}

/** A status as node.status() was given it; `{}` = cleared. */
export interface Status {
	fill?: string;
	shape?: string;
	text?: string;
}

/** A node set as Node-RED's registry has it. */
export interface NodeSet {
	/** `<module>/<set>` */
	id: string;
	module: string;
	types: string[];
	/** Why it could not be loaded. */
	err?: string;
}

export interface ChildOptions {
	/** Main file of the node-red package. */
	nodeRed: string;
	settings: Record<string, unknown>;
	logLevel: string;
}

export type FromChild =
	| { kind: 'ready'; url: string }
	| { kind: 'failed'; reason: string }
	| { kind: 'message'; node: string; port: number; msg: Message }
	| { kind: 'status'; node: string; status: Status }
	| { kind: 'error'; error: NodeFailure }
	| { kind: 'log'; level: number; text: string }
	| { kind: 'answer'; id: number; result?: unknown; failure?: string };

export type Request =
	| { kind: 'send'; node: string; msg: Message }
	| {
			kind: 'flows';
			flow: readonly FlowNode[];
			credentials?: Credentials | undefined;
			type: 'full' | 'flows' | 'nodes';
	  }
	| { kind: 'installed' }
	| { kind: 'stop' };

export type ToChild = Request & { id: number };
