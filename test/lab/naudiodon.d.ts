// naudiodon is optional: where it did not compile, npm removes it and its types. What portaudio-child.ts uses of it.
declare module 'naudiodon' {
	interface InputOptions {
		deviceId: number;
		sampleRate: number;
		channelCount: number;
		sampleFormat: number;
		closeOnError: boolean;
		highwaterMark: number;
	}
	interface Input extends NodeJS.ReadableStream {
		start(): void;
		quit(done: () => void): void;
	}
	const naudiodon: {
		readonly SampleFormat16Bit: number;
		getDevices(): { id: number; name: string }[];
		AudioIO(options: { inOptions: InputOptions }): Input;
	};
	export default naudiodon;
}
