import { setTimeout as sleep } from 'node:timers/promises';
import { type Editor, openEditor } from '../lab/editor.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { DeviceList } from './device-list.ts';

export const field = (name: string) => `node-input-${name}`;
/** By the fields' ids, for Editor.fill. */
export const fields = <T>(values: Record<string, T>): Record<string, T> =>
	Object.fromEntries(Object.entries(values).map(([name, value]) => [field(name), value]));

/** The dialog of a microphone or a loudspeaker, in a Node-RED with a virtual sound card. */
export interface SoundDialog {
	card: SoundCard;
	nodeRed: LabNodeRed;
	editor: Editor;
	list: DeviceList;
}

/** @param rate of the card, in Hz */
export async function startSoundDialog(
	type: 'mic-capture' | 'audio-play',
	flow: readonly FlowNode[],
	{ rate, height }: { rate: number; height: number },
): Promise<SoundDialog> {
	const begun: Partial<SoundDialog> = {};
	try {
		begun.card = await startSoundCard({ rate, awkward: true });
		begun.nodeRed = await startNodeRed({ flow, env: begun.card.env });
		// As narrow as Node-RED lets a dialog be.
		begun.editor = await openEditor(begun.nodeRed, { width: 830, height });
		const { card, nodeRed, editor } = begun;
		return { card, nodeRed, editor, list: new DeviceList(editor, type) };
	} catch (error) {
		await stopSoundDialog(begun);
		throw error;
	}
}

/** @throws if the editor had problems */
export async function stopSoundDialog({ card, nodeRed, editor }: Partial<SoundDialog>): Promise<void> {
	try {
		await editor?.close();
	} finally {
		await nodeRed?.stop();
		await card?.stop();
	}
}

export const isRunning = (nodeRed: LabNodeRed, program: RegExp): boolean =>
	nodeRed.children().some(({ command }) => program.test(command));

/** Resolves when ALSA's program has gone. PortAudio's own process stays for a while. */
export async function hasGone(nodeRed: LabNodeRed, program: RegExp): Promise<void> {
	while (isRunning(nodeRed, program)) await sleep(20);
}
