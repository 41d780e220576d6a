import type { Node } from 'node-red';
import type { NodeGuard } from '../../lib/node/guard.ts';
import type { StatusLine } from '../../lib/node/status.ts';
import type { MicOutputs } from './outputs.ts';
import type { MicSettings } from './settings.ts';
import type { StreamLabel } from './take.ts';

export type Message = Readonly<Record<string, unknown>>;

/** What a kind of microphone needs of its node. */
export interface MicContext {
	node: Node;
	guard: NodeGuard;
	status: StatusLine;
	settings: MicSettings;
	outputs: MicOutputs;
	/** Names the next stream. @param cause the message that began it; an empty one if none did */
	label(cause: Message): StreamLabel;
}

/** A kind of microphone in the life of its node. */
export interface MicNode {
	/** Any message: control, reset, results of a recogniser, or what is none of its business. */
	input(message: Message): void;
	/** Ends its streams; resolves when what it used is free. */
	close(): Promise<void>;
}
