import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '../../lib/audio/wav.ts';
import { type LabBrowser, openBrowser } from '../lab/browser.ts';
import { type FlowNode, type LabNodeRed, sink, startNodeRed } from '../lab/node-red.ts';
import { type SoundCard, startSoundCard } from '../lab/sound-card.ts';
import { speak } from '../lab/speech.ts';
import { CASES, functionNode } from './function-nodes.ts';
import type { Fence } from './markdown.ts';

/** What the speaker says in all of it. */
export const SPOKEN = 'turn on the kitchen light';

/** Everything that snippets run in: one Node-RED with a sound card, and a browser. */
export class Bench {
	readonly nodeRed: LabNodeRed;
	readonly browser: LabBrowser;
	readonly card: SoundCard;
	/** A folder of this run's, which `stop` removes. */
	readonly folder: string;
	/** SPOKEN as s16le mono at 16 kHz. */
	readonly speech: Buffer;
	/** What runs in Node-RED. */
	readonly flow: readonly FlowNode[];

	private constructor(parts: Pick<Bench, 'nodeRed' | 'browser' | 'card' | 'folder' | 'speech' | 'flow'>) {
		this.nodeRed = parts.nodeRed;
		this.browser = parts.browser;
		this.card = parts.card;
		this.folder = parts.folder;
		this.speech = parts.speech;
		this.flow = parts.flow;
	}

	/** @param fences those that are run; what of them is part of a flow is in the flow */
	static async start(fences: readonly Fence[]): Promise<Bench> {
		const folder = mkdtempSync(join(tmpdir(), 'voice-snippets-'));
		const speech = await speak(SPOKEN, { lead: 300, tail: 500 });
		writeFileSync(join(folder, 'speech.wav'), encodeWav([speech], { sampleRate: 16_000, channels: 1 }));
		const flow = wholeFlow(fences, folder);
		const card = await startSoundCard({ rate: 16_000 });
		let nodeRed: LabNodeRed | undefined;
		try {
			nodeRed = await startNodeRed({ flow, env: card.env, dashboard: true });
			return new Bench({ nodeRed, browser: await openBrowser(), card, folder, speech, flow });
		} catch (error) {
			await nodeRed?.stop();
			await card.stop();
			throw error;
		}
	}

	subfolder(): string {
		return mkdtempSync(join(this.folder, 'run-'));
	}

	async stop(): Promise<void> {
		try {
			await this.browser.close();
		} finally {
			await this.nodeRed.stop();
			await this.card.stop();
			rmSync(this.folder, { recursive: true, force: true });
		}
	}
}

/** Dashboard cannot do without. */
const COLORS = { surface: '#fff', primary: '#07c', bgPage: '#fff', groupBg: '#fff', groupOutline: '#ddd' };

/** Says of every utterance of a page what a recogniser would. */
const ECHO = `if (!msg.complete) return null;
	const stream = msg.parts.id;
	return { transcript: { kind: 'final', text: 'some words', confidence: 0.5, turn: 0, startMs: 0, endMs: 9, stream, provider: 'x' } };`;

function wholeFlow(fences: readonly Fence[], folder: string): FlowNode[] {
	const z = 'lab';
	const provider = 'lab-provider';
	const code = (name: string) =>
		fences.find(({ marker }) => marker && 'run' in marker && marker.run === name)?.code ?? '';
	const functions = Object.entries(CASES).flatMap(([name, { outputs }]) =>
		functionNode(name, code(name), outputs),
	);
	return [
		{ id: z, type: 'tab', label: 'lab' },
		sink('end', z),
		// Messages as they are.
		{
			...{
				id: 'shape-mic',
				z,
				type: 'mic-capture',
				source: 'file',
				file: join(folder, 'speech.wav'),
				topic: 'kitchen',
			},
			...{ framesPerBuffer: 4000, wires: [['shape-stt', 'join'], ['shape-play']] },
		},
		{ id: 'shape-stt', z, type: 'stt-stream', provider, wires: [['end'], ['end'], ['end']] },
		{ id: provider, type: 'stt-provider', provider: 'local', options: '{"engine": "pocketsphinx"}' },
		{
			id: 'shape-play',
			z,
			type: 'audio-play',
			backend: 'file',
			file: join(folder, 'played.wav'),
			wires: [['end']],
		},
		{
			...{
				id: 'shape-button',
				z,
				type: 'button-trigger',
				backend: 'simulated',
				name: 'door',
				doubleClickMs: 0,
			},
			wires: [['end'], ['end']],
		},
		// Function nodes that stand alone, and two with what is before and behind them.
		...functions,
		{
			id: 'join',
			z,
			type: 'join',
			mode: 'auto',
			build: 'object',
			property: 'payload',
			propertyType: 'msg',
			wires: [['wav-header']],
		},
		...functionNode('wav-header', code('wav-header'), 1),
		...functionNode('own-sound', code('own-sound'), 1).map((node) =>
			node.type === 'function' ? { ...node, wires: [['own-play']] } : node,
		),
		{
			id: 'own-play',
			z,
			type: 'audio-play',
			backend: 'file',
			file: join(folder, 'own.wav'),
			wires: [['end']],
		},
		// (An id that is also a type would be taken for a reference to that node.)
		// A microphone for pages, whose recogniser understands everything alike; pages with the snippets in them.
		{ id: 'page-mic', z, type: 'mic-capture', source: 'browser', path: '/voice', wires: [['page-echo'], []] },
		{ id: 'page-echo', z, type: 'function', func: ECHO, outputs: 1, wires: [['page-mic']] },
		{ id: 'dash-base', type: 'ui-base', name: 'Base', path: '/dashboard', includeClientData: false },
		{ id: 'dash-theme', type: 'ui-theme', name: 'Theme', colors: COLORS, sizes: {} },
		{
			id: 'dash-page',
			type: 'ui-page',
			name: 'Page',
			ui: 'dash-base',
			path: '/page',
			layout: 'grid',
			theme: 'dash-theme',
			visible: true,
			disabled: false,
		},
		{
			id: 'dash-group',
			type: 'ui-group',
			name: 'Group',
			page: 'dash-page',
			width: 6,
			height: 1,
			visible: true,
			disabled: false,
		},
		{
			...{
				id: 'dash-template',
				z,
				type: 'ui-template',
				group: 'dash-group',
				width: 0,
				height: 0,
				templateScope: 'local',
			},
			...{ format: code('voice-mic-dashboard'), storeOutMessages: true, passthru: false, wires: [['end']] },
		},
		...fences.flatMap(({ place, language, code, marker }, index) => {
			const name = marker && 'run' in marker ? marker.run : '';
			const body = name.startsWith('voice-mic-') ? BODIES[language]?.(code) : undefined;
			return body === undefined ? [] : hostPage(`/snippet-${index}`, place, body);
		}),
	];
}

const ELEMENT = '<script type="module" src="/voice/voice-mic.js"></script><voice-mic lang="fr"></voice-mic>';

/** A page with the snippet in it, by its language. */
const BODIES: Readonly<Record<string, (code: string) => string>> = {
	html: (code) => code,
	css: (code) => `<style>${code}</style>${ELEMENT}`,
	js: (code) => `${ELEMENT}<script type="module">${code}</script>`,
};

function hostPage(url: string, title: string, body: string): FlowNode[] {
	const z = 'lab';
	const id = url.slice(1);
	const template = `<!doctype html><html lang="en"><head><title>${title}</title></head><body>${body}</body></html>`;
	return [
		{ id, z, type: 'http in', url, method: 'get', wires: [[`${id}-t`]] },
		{ id: `${id}-t`, z, type: 'template', syntax: 'plain', template, output: 'str', wires: [[`${id}-r`]] },
		{ id: `${id}-r`, z, type: 'http response', headers: { 'Content-Type': 'text/html' }, wires: [] },
	];
}
