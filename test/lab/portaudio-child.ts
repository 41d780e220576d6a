/**
 * A child process with the real naudiodon, for the lab's own test: `portaudio-child.js <device> <rate> <channels>`.
 * Sends { devices }, then { failed } or { data } for every chunk captured, until it is told anything.
 */
import process from 'node:process';
import naudiodon from 'naudiodon';

const [device, rate, channels] = process.argv.slice(2);
const devices = naudiodon.getDevices();
process.send!({ devices: devices.map(({ name }) => name) });
const found = devices.find(({ name }) => name === device);
if (!found) throw new Error(`no device ${device}`);
try {
	const input = naudiodon.AudioIO({
		inOptions: {
			deviceId: found.id,
			sampleRate: Number(rate),
			channelCount: Number(channels),
			sampleFormat: naudiodon.SampleFormat16Bit,
			closeOnError: false,
			highwaterMark: 1024,
		},
	});
	input.on('data', (data: Buffer) => process.send!({ data }));
	input.start();
	process.on('message', () => input.quit(() => process.disconnect()));
} catch (error) {
	process.send!({ failed: (error as Error).message }, () => process.exit(0));
}
