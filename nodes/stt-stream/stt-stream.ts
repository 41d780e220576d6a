import type { Node, NodeAPI, NodeDef } from 'node-red';
import { type AudioStream, AudioStreams } from '../../lib/node/audio-streams.ts';
import { systemClock } from '../../lib/node/clock.ts';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import { NodeGuard } from '../../lib/node/guard.ts';
import type { SessionMessage, TranscriptMessage } from '../../lib/node/messages.ts';
import { warnOfNewer } from '../../lib/node/migrate.ts';
import { flowsStarted } from '../../lib/node/started.ts';
import { StatusLine } from '../../lib/node/status.ts';
import { serveConnection } from './connection-routes.ts';
import { PROVIDER_MIGRATIONS, STREAM_MIGRATIONS } from './migrations.ts';
import { serveModels } from './model-routes.ts';
import { createProvider } from './providers/index.ts';
import type { SttProvider } from './providers/provider.ts';
import { Warm } from './session/warm.ts';
import { Session, type SessionOutput, type SessionState } from './session.ts';
import { readProviderConfig, readSettings, type SttStreamSettings } from './settings.ts';

const FINALS = 0;
const PARTIALS = 1;
const EVENTS = 2;

type Secrets = { apiKey: unknown; token: unknown; serviceAccount: unknown };

interface ProviderNode extends Node<Secrets> {
	/** Of all nodes that use this one; throws the VoiceError of settings that cannot work. */
	provider: () => SttProvider;
}

export default function sttStream(RED: NodeAPI): void {
	const whenStarted = flowsStarted(RED);
	serveModels(RED);
	serveConnection(RED);

	RED.nodes.registerType(
		'stt-provider',
		function (this: ProviderNode, config: NodeDef) {
			RED.nodes.createNode(this, config);
			warnOfNewer(this, config, PROVIDER_MIGRATIONS);
			let provider: SttProvider | undefined;
			// Reported by the nodes that use it: a Catch node does not hear config nodes.
			this.provider = () => {
				const environment = (name: string) => RED.util.getSetting(this, name);
				const { id, ...settings } = readProviderConfig(config, this.credentials ?? {}, environment);
				const { userDir } = RED.settings;
				provider ??= createProvider(id, { ...settings, ...(userDir && { userDir }) });
				return provider;
			};
		},
		{
			credentials: {
				apiKey: { type: 'password' },
				token: { type: 'password' },
				serviceAccount: { type: 'password' },
			},
		},
	);

	RED.nodes.registerType('stt-stream', function (this: Node, config: NodeDef) {
		RED.nodes.createNode(this, config);
		warnOfNewer(this, config, STREAM_MIGRATIONS);
		const status = new StatusLine(this, RED._, 'stt-stream');
		const guard = new NodeGuard(this, { fallback: 'STT_ENGINE', status, whenStarted });
		const provider = () => providerOf(RED.nodes.getNode(String((config as StoredConfig).provider ?? '')));
		try {
			recognise(guard, status, readSettings(config), provider);
		} catch (thrown) {
			// Streams get their end also from a node that cannot work.
			recognise(guard, status, readSettings({}), () => {
				throw thrown;
			});
		}
	});
}

interface StoredConfig {
	provider?: unknown;
}

function providerOf(node: Node | null): SttProvider {
	if (node && 'provider' in node) return (node as ProviderNode).provider();
	throw new VoiceError(
		'STT_CONFIG',
		'This stt-stream node has no speech provider',
		"choose or add a provider in the node's settings",
	);
}

/** Connects messages, sessions and status for the life of a node. */
function recognise(
	guard: NodeGuard,
	status: StatusLine,
	settings: SttStreamSettings,
	provider: () => SttProvider,
): void {
	const sessions = new Map<AudioStream, Session>();
	/** Streams whose end has not come. */
	const arriving = new Set<AudioStream>();
	/** Sessions that have said 'closed' and whose recogniser is not gone yet. */
	const leaving = new Set<Promise<void>>();
	let failed = false;
	/** The recogniser's name; '' while there is none. */
	let named = '';
	let warm: Warm | undefined;
	let closed = false;

	const streams = new AudioStreams(settings, {
		start(stream) {
			try {
				sessions.set(stream, begin(stream));
				arriving.add(stream);
			} catch (thrown) {
				const { code } = toVoiceError(thrown, 'STT_CONFIG', 'Opening a session');
				guard.send(EVENTS, refusedMessage(stream, named, code));
				throw thrown;
			}
			failed = false;
			showState();
		},
		audio: (stream, pcm) => sessions.get(stream)?.write(pcm),
		end(stream) {
			arriving.delete(stream);
			sessions.get(stream)?.end();
		},
		reset(stream) {
			arriving.delete(stream);
			leave(sessions.get(stream));
		},
	});

	function begin(stream: AudioStream): Session {
		const recogniser = provider();
		named = recogniser.id;
		const { maxStreams } = settings;
		if (sessions.size >= maxStreams)
			throw new VoiceError(
				'STT_QUOTA',
				`As many streams as this node may recognise at once, ${maxStreams}, are open already`,
				'raise "max streams", or end other streams first',
				{ retryable: true },
			);
		const engine = warm ? { open: warm.open } : {};
		return new Session(recogniser, settings, stream, outputFor(stream), engine);
	}

	function outputFor(stream: AudioStream): SessionOutput {
		const { topic } = stream;
		return {
			transcript(transcript) {
				const message: TranscriptMessage = { payload: transcript.text, transcript, topic };
				guard.send(transcript.kind === 'partial' ? PARTIALS : FINALS, message);
			},
			event(name, session) {
				const message: SessionMessage = { payload: name, session, topic };
				if (name === 'closed') {
					sessions.delete(stream);
					if (!sessions.size) warm?.ready();
					// What still comes of it must not begin it anew.
					if (arriving.delete(stream)) streams.discard(stream.id);
				}
				guard.send(EVENTS, message);
				showState();
			},
			failed(error) {
				failed = true;
				// Without its audio: Catch nodes need to know which stream it was, not what it said.
				const { parts } = stream.first;
				guard.report(error, { topic, ...(parts !== undefined && { parts }) });
			},
		};
	}

	function leave(session: Session | undefined): void {
		if (!session) return;
		const gone = session.abandon().finally(() => leaving.delete(gone));
		leaving.add(gone);
	}

	function showState(): void {
		const state = anyState();
		if (state === 'listening') status.show('active', word('listening'));
		else if (state === 'connecting') status.show('connecting', 'connecting');
		// A failure stays in view until the next stream.
		else if (!failed) status.show('idle', word('idle'));
	}

	/** What one of the sessions does; 'listening' goes first, and of a thousand the first mostly does. */
	function anyState(): SessionState {
		let found: SessionState = 'closed';
		for (const { state } of sessions.values()) {
			if (state === 'listening') return state;
			if (state === 'connecting') found = state;
		}
		return found;
	}

	/** The status that tells where no partials will come although somebody asked for them. */
	function word(state: 'idle' | 'listening'): string {
		return settings.partials && lacksPartials ? `${state}Finals` : state;
	}
	let lacksPartials = false;

	guard.onInput((message) => streams.accept(message));

	guard.onClose(async () => {
		streams.close();
		closed = true;
		for (const session of sessions.values()) leave(session);
		await Promise.all([...leaving, warm?.close()]);
		status.clear();
	});

	showState();
	guard.run(async () => {
		try {
			const recogniser = provider();
			await recogniser.prepare?.(settings);
			lacksPartials = !recogniser.capabilities.partials;
			if (settings.warm && !closed) warm = warmUp(recogniser, settings, failedEarly);
			showState();
		} catch (thrown) {
			failedEarly(thrown);
		}
	});

	/** Nothing that a stream was told: what is wrong shows before there is one. */
	function failedEarly(thrown: unknown): void {
		failed = true;
		guard.report(thrown);
	}
}

function warmUp(
	provider: SttProvider,
	settings: SttStreamSettings,
	onRefused: (error: unknown) => void,
): Warm {
	const { language, partials, finals, connectTimeoutMs } = settings;
	const asked = { language, partials, refined: finals !== 'first' };
	const warm = new Warm({ provider, clock: systemClock, asked, connectTimeoutMs, onRefused });
	warm.ready();
	return warm;
}

/** The 'closed' of a stream for which no session could be begun. */
function refusedMessage(stream: AudioStream, provider: string, code: string): SessionMessage {
	const nothing = { audioMs: 0, reconnects: 0, droppedMs: 0, text: '' };
	const session = { stream: stream.id, provider, ...nothing, code };
	return { payload: 'closed', session, topic: stream.topic };
}
