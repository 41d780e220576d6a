import type { Node, NodeAPI, NodeDef } from 'node-red';
import { partsId } from '../../lib/node/audio-message.ts';
import { type AudioStream, AudioStreams } from '../../lib/node/audio-streams.ts';
import { systemClock } from '../../lib/node/clock.ts';
import { type ControlWord, controlWord, isData, isReset } from '../../lib/node/control.ts';
import { toVoiceError, VoiceError } from '../../lib/node/errors.ts';
import { fileToWrite } from '../../lib/node/files.ts';
import { NodeGuard } from '../../lib/node/guard.ts';
import { warnOfNewer } from '../../lib/node/migrate.ts';
import { flowsStarted } from '../../lib/node/started.ts';
import { StatusLine } from '../../lib/node/status.ts';
import { searchNaudiodonIn } from '../../lib/portaudio/client.ts';
import { Audible } from './audible.ts';
import { finishedMessage } from './finished-message.ts';
import { Item } from './item.ts';
import { MIGRATIONS } from './migrations.ts';
import { Player } from './player.ts';
import { PlayerStatus } from './player-status.ts';
import { BACKENDS, type BackendName } from './rules.ts';
import { type AudioPlaySettings, readSettings } from './settings.ts';
import { sinkBackend } from './sinks/index.ts';
import { serveTestTone } from './try-tone.ts';

type Message = Record<string, unknown>;

const WORDS: readonly ControlWord[] = ['start', 'stop', 'toggle', 'pause', 'resume'];
const PREBUFFER_MS = 200;
const STATUS_MS = 500;

export default function audioPlay(RED: NodeAPI): void {
	const { userDir } = RED.settings;
	if (userDir) searchNaudiodonIn(userDir);

	serveTestTone(RED);
	const whenStarted = flowsStarted(RED);

	RED.nodes.registerType('audio-play', function (this: Node, config: NodeDef) {
		RED.nodes.createNode(this, config);
		warnOfNewer(this, config, MIGRATIONS);
		const status = new StatusLine(this, RED._, 'audio-play');
		const view = new PlayerStatus(status);
		const guard = new NodeGuard(this, {
			fallback: 'PLAY_STALLED',
			status,
			onError: () => view.failed(),
			whenStarted,
		});
		try {
			const settings = readSettings(config);
			settings.file = fileToWrite(settings.file, RED.settings);
			play(guard, view, settings);
		} catch (thrown) {
			guard.report(thrown);
			guard.onInput(() => {
				throw thrown;
			});
		}
	});

	RED.httpAdmin.get(
		'/voice/audio-play/devices',
		RED.auth.needsPermission('audio-play.read'),
		async (request, response) => {
			const name = String(request.query['backend'] ?? 'auto') as BackendName;
			try {
				if (!BACKENDS.includes(name)) response.status(400).json({ message: 'unknown backend' });
				else response.json(await sinkBackend(name).devices());
			} catch (thrown) {
				const { code, message } = toVoiceError(thrown, 'PLAY_STALLED', 'Listing devices');
				response.status(503).json({ code, message });
			}
		},
	);
}

/** Connects messages, player, device and status for the life of a node. */
function play(guard: NodeGuard, view: PlayerStatus, settings: AudioPlaySettings): void {
	const backend = sinkBackend(settings.backend);
	/** Of each item that has not finished: where it came from. */
	const origins = new Map<Item, AudioStream>();
	/** Of each stream that is still arriving. */
	const arriving = new Map<AudioStream, Item>();

	const audible = new Audible(systemClock);
	const player = new Player(
		{
			...settings,
			prebufferMs: PREBUFFER_MS,
			open: (format, events) => backend.open({ ...settings, format }, events),
		},
		{
			finished(item, playback) {
				const stream = origins.get(item);
				if (!stream) return;
				origins.delete(item);
				// What still comes of it must not begin it anew.
				if (arriving.delete(stream)) streams.discard(stream.id);
				if (!playback.interrupted) view.succeeded();
				guard.send(0, finishedMessage(stream, playback));
			},
			failed(item, error) {
				guard.report(error, origins.get(item)?.first);
			},
			changed: () => {
				if (settings.backend !== 'file') audible.update(player.state, player.queuedMs);
				view.show(player);
			},
		},
	);

	const streams = new AudioStreams(settings, {
		start(stream) {
			const item = new Item(stream.id, stream.format);
			origins.set(item, stream);
			arriving.set(stream, item);
			player.begin(item);
		},
		audio(stream, pcm) {
			const item = arriving.get(stream);
			if (item) player.feed(item, pcm);
		},
		end(stream) {
			const item = arriving.get(stream);
			arriving.delete(stream);
			if (item) player.end(item);
		},
		reset(stream) {
			arriving.delete(stream);
		},
	});

	const ticker = setInterval(() => view.show(player), STATUS_MS);

	guard.onInput((message) => {
		if (isReset(message)) {
			streams.accept(message);
			player.drop(partsId(message));
			return;
		}
		const volumeSet = setVolume(player, message);
		if (isData(message) || isEnd(message)) streams.accept(message);
		else if (!volumeSet || isWord(message)) obey(player, controlWord(message, WORDS));
	});

	guard.onClose(async () => {
		clearInterval(ticker);
		streams.close();
		await player.close();
		audible.close();
		view.clear();
	});

	view.show(player);
}

/** The end of a stream may come without sound. */
const isEnd = (message: Message): boolean => Boolean(message['complete']) && !message['payload'];

/** Applies `msg.volume`; false if there is none. */
function setVolume(player: Player, message: Message): boolean {
	const wanted = message['volume'];
	if (wanted === undefined || wanted === null || wanted === '') return false;
	const volume = typeof wanted === 'boolean' ? Number.NaN : Number(wanted);
	if (!(volume >= 0 && volume <= 100))
		throw new VoiceError('CONTROL_UNKNOWN', 'msg.volume cannot be used', 'set it to a number from 0 to 100');
	player.volume = volume;
	return true;
}

/** Beside a volume, a number in the payload is most likely the slider's value and not a command. */
const isWord = (message: Message): boolean => ['string', 'boolean'].includes(typeof message['payload']);

function obey(player: Player, word: ControlWord): void {
	if (word === 'stop') player.stop();
	else if (word === 'pause' || (word === 'toggle' && player.state === 'playing')) player.pause();
	else player.resume();
}
