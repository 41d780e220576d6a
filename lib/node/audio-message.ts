import { encodingFor, type SampleEncoding } from '../audio/convert.ts';
import { AudioFormatError, checkFormat, type PcmFormat } from '../audio/format.ts';
import { codedAudioName } from '../audio/sniff.ts';
import { isWav, parseWavHeader } from '../audio/wav.ts';

type Message = Readonly<Record<string, unknown>>;

/** Where the audio of a message belongs and how to read it. */
export interface AudioMessage {
	stream: string;
	/** The id came from `msg.parts`; without, the stream is an implicit one of its topic. */
	explicit: boolean;
	topic: string;
	data: Buffer;
	/** Absent on a message that only ends its stream. */
	source?: {
		format: PcmFormat;
		encoding: SampleEncoding /** Header bytes to skip. */;
		skip: number;
		bytes: number;
	};
	/** The stream ends with this message. */
	last: boolean;
}

export interface RawFormat {
	/** 0 = unknown: Buffers without a format are then refused. */
	rawSampleRate: number;
	rawChannels: number;
}

interface Parts {
	id?: unknown;
	index?: unknown;
	count?: unknown;
	parts?: unknown;
}

const asObject = (value: unknown): Record<string, unknown> | undefined =>
	value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined;

const asNumber = (value: unknown): number | undefined => {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

/** `msg.parts` and what is nested in it (the Split node nests), outermost first; never empty. */
function partsLevels(message: Message): Parts[] {
	const levels: Parts[] = [];
	let parts = asObject(message['parts']) as Parts | undefined;
	// A flow can tie parts to themselves; nobody nests so deep.
	while (parts && levels.length < 100) {
		levels.push(parts);
		parts = asObject(parts.parts) as Parts | undefined;
	}
	return levels.length ? levels : [{}];
}

/** An id or topic as text; what has no text is none. */
const asText = (value: unknown): string =>
	value === undefined || value === null || typeof value === 'object' ? '' : String(value);

/** The stream id of `msg.parts`: of nested parts the deepest counts. */
export function partsId(message: Message): string | undefined {
	return deepestId(partsLevels(message));
}

function deepestId(levels: readonly Parts[]): string | undefined {
	for (let level = levels.length - 1; level >= 0; level--) {
		const id = asText((levels[level] as Parts).id);
		if (id !== '') return id;
	}
	return undefined;
}

/** The topic as text, '' if there is none. */
export function topicOf(message: Message): string {
	return asText(message['topic']);
}

function isLast(message: Message, levels: readonly Parts[]): boolean {
	// Split copies `complete` and the stream's count to every piece that it makes of the last chunk.
	for (let level = 0; level < levels.length - 1; level++) if (isPending(levels[level] as Parts)) return false;
	const stream = levels.at(-1) as Parts;
	return Boolean(message['complete']) || (asNumber(stream.count) !== undefined && !isPending(stream));
}

const isPending = ({ index, count }: Parts) => (asNumber(index) ?? 0) < (asNumber(count) ?? 0) - 1;

/**
 * Reads an audio message: our own chunks, a whole WAV file, the first piece of one, a raw Buffer with `msg.audio`,
 * sox-utils' flat fields, or a Buffer of the node's raw format. Anything else throws an AudioFormatError that
 * names what it is.
 * @param known the stream has begun, so a message without a format continues it
 */
export function readAudioMessage(
	message: Message,
	raw: RawFormat,
	known: (stream: string) => boolean,
): AudioMessage {
	const payload = message['payload'];
	const topic = topicOf(message);
	const levels = partsLevels(message);
	const id = deepestId(levels);
	const stream = id ?? `topic:${topic}`;
	const base: Base = { stream, explicit: id !== undefined, topic, last: isLast(message, levels) };
	if (!(payload instanceof Uint8Array)) {
		// So end a file whose length is a multiple of file-in's chunks, and flows that send only `complete`.
		if (base.last && (payload === undefined || payload === null || payload === ''))
			return { ...base, data: Buffer.alloc(0) };
		throw notAudio(message);
	}
	const data = Buffer.isBuffer(payload)
		? payload
		: Buffer.from(payload.buffer, payload.byteOffset, payload.length);
	// The tail of a stream that idleness has ended begins no other one, which would be told of as a second end.
	if (base.last && !data.length && (asNumber(levels.at(-1)?.index) ?? 0) > 0) return { ...base, data };
	// Whatever the message says: a format may be left over from what the payload was before.
	if (isWav(data)) return wavMessage(base, data, message);
	const stated = statedFormat(message);
	if (stated && stated !== 'wav') return withAudio(base, data, stated);
	if (!data.length || known(stream)) return { ...base, data };
	if (stated === 'wav') return wavMessage(base, data, message);
	const coded = codedAudioName(data);
	if (coded)
		throw new AudioFormatError(
			`The message holds ${coded} audio`,
			'convert it to WAV or raw PCM first, for example with ffmpeg in an exec node',
		);
	if (!raw.rawSampleRate)
		throw new AudioFormatError(
			`A Buffer of ${data.length} bytes does not say its audio format`,
			'set msg.audio = { sampleRate, channels, encoding }, or the raw format of this node',
		);
	const format = checkFormat({ sampleRate: raw.rawSampleRate, channels: raw.rawChannels });
	return withAudio(base, data, { format, encoding: 's16le' });
}

type Base = Pick<AudioMessage, 'stream' | 'explicit' | 'topic' | 'last'>;

interface Stated {
	format: PcmFormat;
	encoding: SampleEncoding;
}

/** Every chunk of every stream passes here: without object spreads, which cost more than all else of it. */
function withAudio(base: Base, data: Buffer, { format, encoding }: Stated): AudioMessage {
	const { stream, explicit, topic, last } = base;
	const source = { format, encoding, skip: 0, bytes: Number.POSITIVE_INFINITY };
	return { stream, explicit, topic, last, data, source };
}

function wavMessage(base: Base, data: Buffer, message: Message): AudioMessage {
	const header = parseWavHeader(data);
	const { format, encoding, dataOffset, dataBytes } = header;
	const inPieces = base.explicit && !base.last;
	// mic-capture's recordings name their stream; that of any other file is its message.
	const id = typeof message['stream'] === 'string' ? message['stream'] : asText(message['_msgid']);
	return {
		...base,
		// A recording without parts is a stream of its own, not one more piece of its topic's.
		stream: base.explicit || !id ? base.stream : `recording:${id}`,
		explicit: true,
		data,
		source: { format, encoding, skip: Math.min(dataOffset, data.length), bytes: dataBytes },
		last: !inPieces,
	};
}

/** `msg.audio`, or the flat fields that sox-utils writes; undefined when the message states no format. */
function statedFormat(message: Message): Stated | 'wav' | undefined {
	const audio = asObject(message['audio']);
	if (audio) {
		const encoding = (asText(audio['encoding']) || 'pcm_s16le').toLowerCase();
		if (encoding === 'wav') return 'wav';
		const sample = Object.hasOwn(PCM_NAMES, encoding) ? PCM_NAMES[encoding] : undefined;
		if (!sample)
			throw new AudioFormatError(
				`msg.audio.encoding is "${encoding.slice(0, 40)}"`,
				`convert the audio to one of ${Object.keys(PCM_NAMES).join(', ')} or wav`,
			);
		return stated(audio['sampleRate'], audio['channels'] ?? 1, sample, 'msg.audio.sampleRate');
	}
	if (asNumber(message['rate']) === undefined) return undefined;
	const container = asText(message['format']) || 'raw';
	if (container === 'wav') return 'wav';
	const kind = asText(message['encoding']) || 'signed-integer';
	const bits = asNumber(message['bits']) ?? 16;
	// WAV and this package know 8-bit samples only without a sign, and all others only with one.
	const readable = kind.startsWith('float') || kind.startsWith(bits === 8 ? 'unsigned' : 'signed');
	if (container !== 'raw' || !readable)
		throw new AudioFormatError(
			`The message holds ${container === 'raw' ? `${bits}-bit ${kind}` : container} audio`.slice(0, 80),
			'convert it to WAV or 16-bit signed PCM',
		);
	const sample = encodingFor(bits, kind.startsWith('float'));
	return stated(message['rate'], message['channels'] ?? 1, sample, 'msg.rate');
}

const PCM_NAMES: Record<string, SampleEncoding> = {
	pcm_s16le: 's16le',
	pcm_u8: 'u8',
	pcm_s24le: 's24le',
	pcm_s32le: 's32le',
	pcm_f32le: 'f32le',
};

function stated(rate: unknown, channels: unknown, encoding: SampleEncoding, name: string): Stated {
	const sampleRate = asNumber(rate);
	if (sampleRate === undefined)
		throw new AudioFormatError(`${name} is missing`, 'set it to a rate such as 16000');
	return { format: checkFormat({ sampleRate, channels: asNumber(channels) ?? 1 }), encoding };
}

function notAudio(message: Message): AudioFormatError {
	const payload = message['payload'];
	if (message['transcript'] !== undefined)
		return new AudioFormatError('The message carries a transcript, not audio', 'wire an audio output here');
	if (message['session'] !== undefined)
		return new AudioFormatError(
			'The message carries a session event, not audio',
			'wire an audio output here',
		);
	const article = typeof payload === 'object' ? 'an' : 'a';
	const what = Array.isArray(payload) ? 'an array' : `${article} ${typeof payload}`;
	return new AudioFormatError(
		`msg.payload is ${payload === undefined || payload === null ? 'missing' : what}, not a Buffer of audio`,
		'send PCM chunks or a WAV file as a Buffer',
	);
}
