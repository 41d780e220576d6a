// Text and surfaces derive from the colour of the surrounding text, so the microphone suits any page, light or dark,
// without being told which it is; the button has colours of its own.

const colours = `
:host {
	--_accent: var(--voice-mic-accent, #3b5bdb);
	--_recording: var(--voice-mic-recording, #d6293e);
	--_icon: var(--voice-mic-icon, #fff);
	--_size: var(--voice-mic-size, 6rem);
	--_muted: var(--voice-mic-muted, color-mix(in srgb, currentColor 68%, transparent));
	--_partial: var(--voice-mic-partial, var(--_muted));
	--_surface: var(--voice-mic-surface, color-mix(in srgb, currentColor 9%, transparent));
	--_error: var(--voice-mic-error, color-mix(in srgb, #e5384f 58%, currentColor));
	--_meter: var(--voice-mic-meter, var(--_recording));
	--_focus: var(--voice-mic-focus, currentColor);
}`;

const layout = `
:host { display: block; color: inherit; font: inherit; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.root { --level: 0; display: grid; justify-items: center; gap: 0.875rem; text-align: center; font-family: var(--voice-mic-font, inherit); line-height: 1.4; }
.stage { position: relative; width: var(--_size); height: var(--_size); margin: calc(var(--_size) * 0.16); flex: none; }
.words { display: grid; justify-items: center; gap: 0.375rem; width: 100%; min-width: 0; }
.live { display: flex; flex-direction: column; align-items: center; gap: 0.25rem; min-height: 3.5rem; justify-content: center; }
.status, .text { margin: 0; overflow-wrap: anywhere; }
.status { max-width: 34rem; min-height: 1.4em; color: var(--_muted); }
.time { min-height: 1.4em; font-size: 0.875em; font-variant-numeric: tabular-nums; color: var(--_muted); }
.text { width: 100%; max-width: 34rem; min-height: 1.4em; max-height: var(--voice-mic-text-height, 9em); overflow-y: auto; font-size: 1.125em; }
.text[hidden] { display: none; }
.partial { color: var(--_partial); }
.root[data-state='error'] .status { color: var(--_error); font-weight: 500; }
.root.urgent .time { color: var(--_error); font-weight: 600; }
:host([compact]) .root { grid-template-columns: auto minmax(0, 1fr); align-items: center; justify-items: start; text-align: start; gap: 0.75rem; }
:host([compact]) { --_size: var(--voice-mic-size, 3rem); }
:host([compact]) .words { justify-items: start; gap: 0.125rem; }
:host([compact]) .live { flex-direction: row; min-height: 0; gap: 0.625rem; }
:host([compact]) .meter { height: 1.25rem; }
:host([compact]) .root:not([data-state='recording']) .live { display: none; }
:host([compact]) .text { font-size: 1em; }
:host([compact]) .text:not(:has(:not(:empty))) { display: none; }`;

const button = `
.button {
	position: absolute; inset: 0; display: grid; place-items: center; width: 100%; height: 100%; padding: 0; border: 0; border-radius: 50%;
	color: var(--_icon); background: var(--_accent); cursor: pointer; touch-action: manipulation;
	box-shadow: inset 0 1px 0 rgb(255 255 255 / 0.22), 0 1px 2px rgb(0 0 0 / 0.22), 0 6px 18px -4px color-mix(in srgb, var(--_accent) 55%, transparent);
	transition: background-color 0.18s, box-shadow 0.18s, transform 0.12s;
	user-select: none; -webkit-user-select: none; -webkit-touch-callout: none; -webkit-tap-highlight-color: transparent;
}
:host([mode='hold']) .button { touch-action: none; }
.button:hover { background: color-mix(in srgb, var(--_accent), #fff 10%); }
.button:active { transform: scale(0.96); }
.button:focus { outline: none; }
.button:focus-visible { outline: 3px solid var(--_focus); outline-offset: calc(var(--_size) * 0.13); }
.button:disabled { cursor: not-allowed; color: var(--_muted); background: var(--_surface); box-shadow: none; transform: none; }
.root:is([data-state='recording'], [data-state='starting']) .button { background: var(--_recording); box-shadow: inset 0 1px 0 rgb(255 255 255 / 0.22), 0 1px 2px rgb(0 0 0 / 0.22); }
.icon { grid-area: 1 / 1; width: 46%; height: 46%; pointer-events: none; transition: opacity 0.15s, transform 0.2s; }
.solid { fill: currentColor; }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.root:not(.stops) .stop, .stops .microphone { opacity: 0; transform: scale(0.5); }
.halo {
	position: absolute; inset: 0; border-radius: 50%; pointer-events: none; opacity: 0; background: color-mix(in srgb, var(--_recording) 26%, transparent);
	transform: scale(calc(1 + 0.34 * var(--level))); transition: transform 0.09s ease-out, opacity 0.2s;
}
.root[data-state='recording'] .halo { opacity: 1; }
.ring { position: absolute; inset: calc(var(--_size) * -0.11); pointer-events: none; transform: rotate(-90deg); overflow: visible; }
.ring circle { fill: none; stroke-width: 3; }
.ring-track { stroke: var(--_surface); }
.ring-progress { stroke: var(--_recording); stroke-linecap: round; stroke-dasharray: 1; stroke-dashoffset: calc(1 - var(--progress, 0)); opacity: 0; }
.root[data-state='recording'] .ring-progress { opacity: 1; }
.root:is([data-state='starting'], [data-state='finishing']) .ring { animation: turn 1s linear infinite; }
.root:is([data-state='starting'], [data-state='finishing']) .ring-progress { opacity: 1; stroke: var(--_accent); stroke-dasharray: 0.22 0.78; stroke-dashoffset: 0; }
.root[data-state='starting'] .ring-progress { stroke: var(--_recording); }
@keyframes turn { to { transform: rotate(270deg); } }`;

const meter = `
.meter { display: flex; align-items: center; gap: 3px; height: 1.75rem; opacity: 0; transition: opacity 0.2s; }
.root[data-state='recording'] .meter { opacity: 1; }
.meter span { width: 3px; height: 100%; border-radius: 2px; background: var(--_meter); transform: scaleY(max(0.1, var(--height, 0))); transition: transform 0.08s linear; }`;

const wishes = `
@media (prefers-reduced-motion: reduce) {
	.button, .icon, .halo, .meter, .meter span { transition: none; }
	.button:active { transform: none; }
	.halo { transform: scale(1.16); }
	.root:is([data-state='starting'], [data-state='finishing']) .ring { animation: none; }
}
@media (forced-colors: active) {
	.button { color: ButtonText; background: ButtonFace; border: 2px solid ButtonText; forced-color-adjust: none; }
	.button:focus-visible { outline-color: Highlight; }
	.button:disabled { color: GrayText; background: ButtonFace; border-color: GrayText; }
	.root:is([data-state='recording'], [data-state='starting']) .button { color: HighlightText; background: Highlight; border-color: Highlight; }
	.halo { display: none; }
	.ring-track { stroke: transparent; }
	.ring-progress { stroke: Highlight !important; }
	.meter span { background: CanvasText; forced-color-adjust: none; }
	.status, .time, .partial { color: CanvasText; }
	.partial { font-style: italic; }
}`;

export const css = [colours, layout, button, meter, wishes].join('\n');
