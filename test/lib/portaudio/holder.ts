import process from 'node:process';
import { PortAudio } from '../../../lib/portaudio/client.ts';

// Holds a microphone and a loudspeaker (`hold`), or has held one and ends with its child idle (`end`).

const portAudio = new PortAudio();
const format = { sampleRate: 16_000, channels: 1 };
const input = await portAudio.openInput(
	{ device: 'vmic', format, framesPerBuffer: 512 },
	{ data() {}, lost() {} },
);
if (process.argv[2] === 'end') await input.close();
else {
	const output = await portAudio.openOutput(
		{ device: 'vspk', format, framesPerBuffer: 1024 },
		{ drain: () => fill(), lost() {}, underrun() {} },
	);
	const fill = () => {
		while (output.write(Buffer.alloc(3200, 1)));
	};
	fill();
}
process.stdout.write('ready\n');
