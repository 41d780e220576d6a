/** The two configurations behind the virtual sound card: PulseAudio's modules and ALSA's PCMs. */

/**
 * PulseAudio's start script: a sink `speaker`, and a source `mic` that hears what is played on the sink `feed`.
 * `socket` is the path on which clients connect, without authentication. With `echo` there is no sink `feed`: the
 * microphone hears the speaker, without the delay that PulseAudio's loopback has, and what is fed sounds there.
 */
export function pulseScript(socket: string, rate: number, channels: number, echo: boolean): string {
	const format = `format=s16le rate=${rate} channels=${channels}`;
	// norewinds bounds a null sink's blocks to 50 ms; else they grow to 2 s, far from how a card keeps time.
	return `load-module module-native-protocol-unix socket=${socket} auth-anonymous=1
load-module module-null-sink sink_name=speaker norewinds=1 ${format}
${echo ? '' : `load-module module-null-sink sink_name=feed norewinds=1 ${format}\n`}load-module module-remap-source source_name=mic master=${echo ? 'speaker' : 'feed'}.monitor
set-default-sink speaker
set-default-source mic
`;
}

/**
 * ALSA's configuration with PCMs for PulseAudio's `mic` and `speaker`; a name may be in both lists, and `default` must
 * be there (without it PortAudio aborts). Each opening for playback writes a file of its own into the folder `tees`.
 */
export function alsaConfig(
	socket: string,
	tees: string,
	{ capture, playback }: { capture: readonly string[]; playback: readonly string[] },
): string {
	const server = `server "unix:${socket}"`;
	// Slaves are written in place: PortAudio offers every named PCM as a device, and alsa-shim.c goes by their names.
	const pcm = (name: string) => `pcm.!${name} {
	type asym
	${capture.includes(name) ? `capture.pcm { type pulse; device "mic"; ${server} }` : ''}
	${playback.includes(name) ? `playback.pcm ${tee(name)}` : ''}
	hint { show on; description "Virtual ${name}" }
}`;
	const tee = (name: string) => `{
		type file; slave.pcm { type pulse; device "speaker"; ${server} }
		file "${tees}/${name}.%r.%c.%f"; format "raw"; truncate 0
	}`;
	return [...new Set([...capture, ...playback]), ''].map((name) => name && pcm(name)).join('\n');
}

/** What the name of a tee's file says (%r, %c and %f above; ALSA adds a number to a name that is taken). */
export function parseTeeName(name: string): { pcm: string; rate: number; channels: number; format: string } {
	const [pcm = '', rate, channels, format = ''] = name.split('.');
	return { pcm, rate: Number(rate), channels: Number(channels), format };
}
