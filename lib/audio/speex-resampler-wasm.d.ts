// @echogarden/speex-resampler-wasm ships no types; resample.ts states what it uses of the module.
declare module '@echogarden/speex-resampler-wasm' {
	export default function load(): Promise<object>;
}
declare module '@echogarden/speex-resampler-wasm/simd' {
	export default function load(): Promise<object>;
}
