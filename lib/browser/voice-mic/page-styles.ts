export const pageCss = `
:host {
	--ground: light-dark(#f3f4f8, #101218); --paper: light-dark(#fff, #191c25); --ink: light-dark(#1b1e28, #e9ebf2); --soft: light-dark(#5a6072, #a3a9ba);
	--line: light-dark(#e1e4ec, #2a2f3c);
	display: block; min-height: 100dvh; background: var(--ground); color: var(--ink);
	font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
}
* { box-sizing: border-box; }
main { max-width: 40rem; margin: 0 auto; padding: clamp(1rem, 5vw, 3rem) clamp(1rem, 4vw, 2rem) max(2rem, env(safe-area-inset-bottom)); display: grid; gap: 1.5rem; }
h1 { margin: 0; font-size: 1.375rem; font-weight: 650; letter-spacing: -0.01em; text-align: center; }
h2 { margin: 0; font-size: 0.9375rem; font-weight: 600; }
.card { padding: clamp(1.25rem, 5vw, 2.25rem) clamp(1rem, 4vw, 2rem); background: var(--paper); border: 1px solid var(--line); border-radius: 1.25rem; box-shadow: 0 1px 2px rgb(16 18 24 / 0.05), 0 12px 32px -16px rgb(16 18 24 / 0.16); }
.notes[hidden] { display: none; }
.notes header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem; min-height: 2.25rem; }
.tools { display: flex; gap: 0.25rem; visibility: hidden; }
.some .tools { visibility: visible; }
.tool { display: inline-flex; align-items: center; gap: 0.375rem; min-height: 2.25rem; padding: 0.25rem 0.625rem; border: 0; border-radius: 0.5rem; background: none; color: var(--soft); font: inherit; font-size: 0.875rem; cursor: pointer; }
.tool:hover { background: color-mix(in srgb, currentColor 10%, transparent); color: var(--ink); }
.tool:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
.tool svg { width: 1.125rem; height: 1.125rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
.list { list-style: none; margin: 0.5rem 0 0; padding: 0; display: grid; gap: 0.5rem; }
li { padding: 0.75rem 1rem; background: var(--paper); border: 1px solid var(--line); border-radius: 0.875rem; }
li p { margin: 0; overflow-wrap: anywhere; }
.facts { color: var(--soft); font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
.empty { margin: 0.5rem 0 0; padding: 1.5rem 1rem; color: var(--soft); text-align: center; border: 1px dashed var(--line); border-radius: 0.875rem; }
.some .empty { display: none; }
@media (prefers-reduced-motion: no-preference) { li { animation: come 0.25s ease-out; } }
@keyframes come { from { opacity: 0; transform: translateY(-0.375rem); } }
`;
