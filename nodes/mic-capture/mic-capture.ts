import type { Node, NodeAPI, NodeDef } from 'node-red';
import { topicOf } from '../../lib/node/audio-message.ts';
import { isData } from '../../lib/node/control.ts';
import { fileToRead } from '../../lib/node/files.ts';
import { NodeGuard } from '../../lib/node/guard.ts';
import { warnOfNewer } from '../../lib/node/migrate.ts';
import { flowsStarted } from '../../lib/node/started.ts';
import { StatusLine } from '../../lib/node/status.ts';
import { searchNaudiodonIn } from '../../lib/portaudio/client.ts';
import { BrowserNode } from './browser/browser-node.ts';
import { serveDeviceList } from './device-list.ts';
import { DeviceNode } from './device-node.ts';
import type { Message, MicContext, MicNode } from './mic-node.ts';
import { MIGRATIONS } from './migrations.ts';
import { MicOutputs } from './outputs.ts';
import { readSettings } from './settings.ts';
import { createSource } from './sources/index.ts';
import type { StreamLabel } from './take.ts';
import { serveTries } from './try-routes.ts';

export default function micCapture(RED: NodeAPI): void {
	const { userDir } = RED.settings;
	if (userDir) searchNaudiodonIn(userDir);
	serveDeviceList(RED);
	serveTries(RED);
	const whenStarted = flowsStarted(RED);

	/** Throws the VoiceError of settings that cannot work. */
	function createMicrophone(context: Omit<MicContext, 'settings' | 'outputs'>, config: object): MicNode {
		const settings = readSettings(config);
		const { source, input } = settings;
		const outputs = new MicOutputs(context.node, context.guard, settings);
		const whole = { ...context, settings, outputs };
		if (source === 'browser') return new BrowserNode(RED, whole, whenStarted);
		const device = createSource(source);
		return new DeviceNode(whole, (events) =>
			device.open({ ...input, file: fileToRead(input.file, RED.settings) }, events),
		);
	}

	RED.nodes.registerType('mic-capture', function (this: Node, config: NodeDef & { topic?: unknown }) {
		RED.nodes.createNode(this, config);
		warnOfNewer(this, config, MIGRATIONS);
		const status = new StatusLine(this, RED._, 'mic-capture');
		const guard = new NodeGuard(this, { fallback: 'MIC_FORMAT', status, whenStarted });
		const name = String(config.topic || this.name || '');
		const label = (message: Message): StreamLabel => ({
			id: RED.util.generateId(),
			topic: topicOf(message) || name,
			cause: message,
		});
		try {
			const microphone = createMicrophone({ node: this, guard, status, label }, config);
			guard.onInput((message) => microphone.input(message));
			guard.onClose(async () => {
				await microphone.close();
				status.clear();
			});
		} catch (thrown) {
			// The node stays, so that whoever starts it hears why it cannot.
			guard.report(thrown);
			guard.onInput((message) => {
				if (!isData(message)) throw thrown;
			});
		}
	});
}
