import type { Page } from 'playwright-core';
import type { Mark } from './marks.ts';

// Notes in a page when its audio worklet posts a frame. The audio thread may have no clock but that of the day, in whole
// milliseconds: what is measured with it is up to one too long.

const IN_WORKLET = `
const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function (message, ...rest) {
	const at = globalThis.performance ? performance.timeOrigin + performance.now() : Date.now();
	if (message && message.pcm) message = { ...message, at };
	return postMessage.call(this, message, ...rest);
};`;

/** Runs in the page before its own scripts. */
export const WATCH_WORKLET = `
globalThis.voiceFrames = [];
if (globalThis.AudioWorklet) {
	const { addModule } = AudioWorklet.prototype;
	AudioWorklet.prototype.addModule = async function (...args) {
		const probe = URL.createObjectURL(new Blob([${JSON.stringify(IN_WORKLET)}], { type: 'text/javascript' }));
		await addModule.call(this, probe);
		return addModule.apply(this, args);
	};
	const onMessage = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
	Object.defineProperty(MessagePort.prototype, 'onmessage', {
		...onMessage,
		set(handler) {
			onMessage.set.call(this, handler && ((event) => {
				const { at, pcm } = event.data ?? {};
				if (at) voiceFrames.push({ at, pcm: Array.from(new Uint8Array(pcm)) });
				handler.call(this, event);
			}));
		},
	});
}`;

/** What the worklet has posted; times are milliseconds of the day. */
export async function framesOf(page: Page): Promise<Mark[]> {
	const frames = (await page.evaluate('voiceFrames')) as { at: number; pcm: number[] }[];
	return frames.map(({ at, pcm }) => ({ at, data: Buffer.from(pcm) }));
}
