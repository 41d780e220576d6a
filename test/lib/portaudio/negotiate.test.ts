import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PcmFormat } from '../../../lib/audio/format.ts';
import { candidates, negotiate } from '../../../lib/portaudio/negotiate.ts';

// What naudiodon throws, word for word (2.3.6 with PortAudio 19.6).
const RATE = 'Format not supported: Invalid sample rate';
const CHANNELS = 'Channel count exceeds maximum number of channels for device';
const PA_CHANNELS = 'Format not supported: Invalid number of channels';
const BUSY = 'Format not supported: Device unavailable';
const NO_DEFAULT = 'No default device';
const HOST = 'Could not open stream: Unanticipated host error';

const format = (sampleRate: number, channels: number): PcmFormat => ({ sampleRate, channels });
const text = ({ sampleRate, channels }: PcmFormat) => `${sampleRate}/${channels}`;

/** A device that answers with `refuse(format)`, or opens where that is undefined. */
function device(refuse: (wanted: PcmFormat) => string | undefined) {
	const tried: string[] = [];
	const open = (wanted: PcmFormat) => {
		tried.push(text(wanted));
		const words = refuse(wanted);
		if (words !== undefined) throw new Error(words);
		return text(wanted);
	};
	return { tried, open };
}

test('candidates go from the nearest to the usual, and stay within the device', () => {
	const list = candidates(format(22_050, 2), { sampleRate: 44_100, channels: 6 }).map(text);
	assert.deepEqual(list.slice(0, 6), ['22050/2', '22050/1', '22050/6', '44100/2', '44100/1', '44100/6']);
	assert.deepEqual(
		[...new Set(list.map((each) => each.split('/')[0]))],
		['22050', '44100', '48000', '32000', '16000', '8000'],
	);
	const mono = candidates(format(16_000, 2), { sampleRate: 48_000, channels: 1 }).map(text);
	assert.deepEqual(mono, ['16000/1', '48000/1', '44100/1', '32000/1', '8000/1']);
});

test('an accepted format is tried once, and nobody asks what the device can do', () => {
	const { open, tried } = device(() => undefined);
	const result = negotiate(open, format(16_000, 1), undefined, () => assert.fail('not needed'));
	assert.deepEqual(result, { opened: '16000/1', format: format(16_000, 1), refusals: 0 });
	assert.deepEqual(tried, ['16000/1']);
});

test('a hint comes first, and a wrong one does no harm', () => {
	const good = device(({ sampleRate }) => (sampleRate === 48_000 ? undefined : RATE));
	assert.deepEqual(
		negotiate(good.open, format(16_000, 1), format(48_000, 1), () => assert.fail('not needed')),
		{ opened: '48000/1', format: format(48_000, 1), refusals: 0 },
	);
	const other = device(({ sampleRate }) => (sampleRate === 16_000 ? undefined : RATE));
	const result = negotiate(other.open, format(16_000, 1), format(48_000, 1), () => ({
		sampleRate: 48_000,
		channels: 1,
	}));
	assert.deepEqual(result, { opened: '16000/1', format: format(16_000, 1), refusals: 1 });
});

test('a refused rate is refused for every number of channels', () => {
	const { open, tried } = device(({ sampleRate }) => (sampleRate === 44_100 ? undefined : RATE));
	const result = negotiate(open, format(16_000, 1), undefined, () => ({ sampleRate: 48_000, channels: 2 }));
	assert.deepEqual(result, { opened: '44100/1', format: format(44_100, 1), refusals: 2 });
	assert.deepEqual(tried, ['16000/1', '48000/1', '44100/1']);
});

test('refused channels are tried in other numbers at the same rate', () => {
	for (const words of [CHANNELS, PA_CHANNELS]) {
		const { open } = device(({ channels }) => (channels === 8 ? undefined : words));
		const result = negotiate(open, format(16_000, 1), undefined, () => ({ sampleRate: 48_000, channels: 8 }));
		assert.ok('opened' in result);
		assert.equal(result.opened, '16000/8');
	}
});

test('nothing accepted, busy, no default and anything else are told apart', () => {
	const capabilities = () => ({ sampleRate: 48_000, channels: 2 });
	const reasonFor = (refuse: (wanted: PcmFormat) => string) => {
		const { open, tried } = device(refuse);
		const result = negotiate(open, format(16_000, 1), undefined, capabilities);
		assert.ok('reason' in result);
		return [result.reason, tried.length];
	};
	assert.deepEqual(
		reasonFor(() => RATE),
		['format', 5],
	);
	assert.deepEqual(
		reasonFor(() => CHANNELS),
		['format', 10],
	);
	assert.deepEqual(
		reasonFor(() => BUSY),
		['busy', 1],
	);
	assert.deepEqual(
		reasonFor(() => NO_DEFAULT),
		['no default', 1],
	);
	assert.deepEqual(
		reasonFor(() => HOST),
		['other', 10],
	);
	assert.deepEqual(
		reasonFor(({ sampleRate }) => (sampleRate === 48_000 ? BUSY : RATE)),
		['busy', 2],
	);
	assert.deepEqual(reasonFor(({ sampleRate }) => (sampleRate === 48_000 ? HOST : RATE))[0], 'other');
	const gone = negotiate(device(() => RATE).open, format(16_000, 1), undefined, () => undefined);
	assert.ok('reason' in gone && gone.reason === 'format');
});
