import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { after, afterEach, before, describe, it } from 'node:test';
import { type Editor, type EditorOptions, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';
import { packageRoot } from '../lab/root.ts';
import { type Cell, type Programs, programs } from '../matrix/cells.ts';
import { SETS } from '../matrix/checks.ts';
import { type Choices, Walk } from './every-dialog.ts';
import { faultsIn, Language, rawKeys, wordsIn } from './every-dialog-words.ts';

// Every dialog, field by field, in several Node-REDs, languages and themes; `npm test` takes the most telling ones,
// LAB_DIALOGS=all takes them all.

/**
 * `brief`: one node of each type. `whole`: each choice that shows other fields, once. `thorough`: each choice of what
 * decides about other fields. All that is to be chosen first is looked at in any case.
 */
type Depth = 'brief' | 'whole' | 'thorough';

interface Place extends Pick<EditorOptions, 'theme'> {
	nodeRed: Cell['nodeRed'];
	locale: string;
	/** As the catalogues call it. */
	language: string;
	/** What a text in it is full of. */
	typical: RegExp;
	/** Not at all without. */
	usual?: Depth;
	/** Where LAB_DIALOGS is 'all'. */
	all: Depth;
}

const ENGLISH = { locale: 'en-US', language: 'en-US', typical: /\b(the|is|of|and)\b/gi };
const RUSSIAN = { locale: 'ru-RU', language: 'ru', typical: /[а-яё]/gi };
const GERMAN = { locale: 'de-DE', language: 'de', typical: /\b(der|die|das|und|ist)\b/gi };
const CHINESE = { locale: 'zh-CN', language: 'zh-CN', typical: /\p{Script=Han}/gu };
const JAPANESE = { locale: 'ja-JP', language: 'ja', typical: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu };

const PLACES: readonly Place[] = [
	{ nodeRed: '4.1', ...ENGLISH, usual: 'whole', all: 'thorough' },
	{ nodeRed: '5.0', ...RUSSIAN, theme: 'dark', usual: 'brief', all: 'whole' },
	{ nodeRed: '4.1', ...RUSSIAN, all: 'brief' },
	{ nodeRed: '5.0', ...ENGLISH, theme: 'dark', all: 'whole' },
	{ nodeRed: '5.0', ...GERMAN, all: 'brief' },
	{ nodeRed: '4.0', ...CHINESE, all: 'brief' },
	{ nodeRed: '5.0', ...JAPANESE, all: 'brief' },
];

/** stt-stream comes after the recognisers that it can choose among. */
const TYPES = ['button-trigger', 'mic-capture', 'audio-play', 'stt-provider', 'stt-stream'];
const setOf = (type: string) => (SETS.includes(type) ? type : 'stt-stream');
/** Counts formats, and is nobody's to set. */
const NOT_A_SETTING = 'version';
/** Only in a flow that was written by hand can these be wrong: the dialog does not show them then. */
const HAND_MADE = ['stt-provider model'];
/** Node-RED does not show again what was entered. */
const SECRET = /-(apiKey|token|serviceAccount)$/;

const { privateKey } = generateKeyPairSync('rsa', {
	modulusLength: 2048,
	publicKeyEncoding: { type: 'spki', format: 'pem' },
	privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The Node-RED that is installed, if it is that one. */
const programsOf = (nodeRed: Cell['nodeRed']): Programs | Promise<Programs> =>
	nodeRed === '4.1'
		? { nodeBin: process.execPath, nodeRedDir: join(packageRoot, 'node_modules/node-red') }
		: programs({ nodeRed, node: '22' });

/** A node with all that was entered in its dialog. */
interface Made {
	type: string;
	id: string;
	title: string;
	shown: Record<string, string | boolean>;
}

for (const place of PLACES) {
	const { nodeRed: version, locale, language, theme = 'light', usual, all } = place;
	const depth = process.env['LAB_DIALOGS'] === 'all' ? all : usual;
	if (!depth) continue;
	describe(`every dialog in Node-RED ${version}, ${language}, ${theme}`, { skip: needs('chromium') }, () => {
		let nodeRed: LabNodeRed;
		let editor: Editor;
		let walk: Walk;
		let stored: FlowNode[] = [];
		const made: Made[] = [];
		/** By type and setting: what is said of nonsense. */
		const objected = new Map<string, string | undefined>();
		/** By type and field: could it be given another value? */
		const canChange = new Map<string, boolean>();
		const isThorough = depth === 'thorough';

		before(async () => {
			const flow = [{ id: 'tab', type: 'tab', label: 'Dialogs' }];
			nodeRed = await startNodeRed({ flow, ...(await programsOf(version)) });
			editor = await openEditor(nodeRed, { width: 1280, height: 1300, locale, theme });
			editor.page.setDefaultTimeout(10_000);
			walk = new Walk(editor, privateKey);
		});
		after(async () => {
			try {
				// Devices that are not there are asked for; the browser logs each answer.
				const others = editor?.problems.splice(0).filter((problem) => !/status of (404|503)/.test(problem));
				editor?.problems.push(...(others ?? []));
				await editor?.close();
			} finally {
				await nodeRed?.stop();
			}
		});

		const picture = (title: string) =>
			editor.screenshot(
				`dialog-${title}-${version}-${language}-${theme}`,
				editor.page.locator('.red-ui-tray'),
			);

		const defaultsOf = async (type: string) =>
			(await editor.page.evaluate(`(() => {
				const { defaults } = RED.nodes.getType('${type}');
				return Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));
			})()`)) as Record<string, unknown>;

		/** Settings that the dialog judges. */
		const judgedIn = (type: string) =>
			editor.page.evaluate<string[]>(`(() => {
				const { defaults, credentials = {} } = RED.nodes.getType('${type}');
				return Object.entries({ ...defaults, ...credentials }).filter(([, { validate }]) => validate).map(([name]) => name);
			})()`);

		/** Opens the dialog of a new node; of a recogniser, from the dialog of a node that uses it. */
		async function openNew(type: string): Promise<string> {
			const isConfig = !SETS.includes(type);
			const y = 60 + ((made.length * 60) % 1000);
			const node = await editor.addNode(setOf(type), { x: 300, y });
			await editor.open(node);
			if (isConfig) await editor.addConfig('provider');
			await walk.choose({});
			return node;
		}

		async function saveNew(type: string, node: string): Promise<string> {
			const before = await editor.ids(type);
			await editor.save();
			if (SETS.includes(type)) return node;
			await editor.save();
			return (await editor.ids(type)).find((id) => !before.includes(id))!;
		}

		/** What the dialog says, and whether there is room for it. */
		async function look(type: string, title: string): Promise<void> {
			assert.deepEqual(await editor.clipped(), [], `${title}: cut`);
			const words = await wordsIn(editor);
			assert.deepEqual(rawKeys(words), [], title);
			const judge = new Language(setOf(type), language);
			assert.deepEqual(judge.untranslated(words), [], `${title}: not in ${language}`);
			assert.ok(judge.known(words) > 5, `${title}: ${words}`);
		}

		/**
		 * Choices of what decides about other fields: what shows others, or, if thorough, each of it. Each is looked at;
		 * nonsense is entered in the first.
		 */
		async function variants(type: string): Promise<Choices[]> {
			await openNew(type);
			await objections(type);
			const found: Choices[] = [];
			const [first, ...others] = Object.entries(await walk.deciders(!isThorough));
			for (const value of first?.[1] ?? []) {
				const choice = { [first![0]]: value };
				found.push(choice);
				await walk.choose(choice);
				await look(type, [type, value].join('-'));
				await objections(type);
				if (!isThorough) continue;
				for (const [id, values] of Object.entries(await walk.deciders(false)))
					if (id !== first![0]) found.push(...values.map((other) => ({ ...choice, [id]: other })));
			}
			// What else decides is changed like any other field, but for this once.
			if (!isThorough && others.length > 0)
				found.push(Object.fromEntries([first!, ...others].map(([id, [value]]) => [id, value ?? ''])));
			await editor.cancel();
			if (!SETS.includes(type)) await editor.cancel();
			return first && depth !== 'brief' ? found : [{}];
		}

		/** Enters nonsense in each text field that has not had any. */
		async function objections(type: string): Promise<void> {
			const judged = await judgedIn(type);
			for (const field of await walk.fields()) {
				const name = field.id.replace(/^.*-/, '');
				if (!['text', 'password'].includes(field.kind) || !judged.includes(name)) continue;
				const setting = `${type} ${name}`;
				objected.set(setting, objected.get(setting) ?? (await walk.objection(field)));
			}
		}

		for (const type of TYPES)
			it(`${type} takes another value in each field`, async () => {
				for (const choices of await variants(type)) {
					const title = [type, ...Object.values(choices)].join('-').replace(/[0-9a-f]{16}/, 'x');
					const node = await openNew(type);
					await walk.choose(choices);
					await look(type, title);
					const { changed, unchanged } = await walk.changeAll(Object.keys(choices));
					for (const id of changed) canChange.set(`${type} ${id}`, true);
					for (const id of unchanged) canChange.set(`${type} ${id}`, canChange.get(`${type} ${id}`) ?? false);
					assert.deepEqual(await editor.marked(), [], title);
					await look(type, title);
					if (made.every((node) => node.type !== type)) assert.deepEqual(await faultsIn(editor), [], title);
					await picture(title);
					const shown = await walk.shown();
					made.push({ type, id: await saveNew(type, node), title, shown });
				}
			});

		/** A test that has failed leaves dialogs open. */
		afterEach(async () => {
			const { page } = editor;
			if ((await page.locator('.red-ui-tray').count()) > 0) await picture('left');
			while ((await page.locator('.red-ui-tray').count()) > 0) await editor.cancel();
		});

		it('no field is there that cannot be changed, no setting without a field', async () => {
			const fixed = [...canChange].filter(([, can]) => !can).map(([field]) => field);
			stored = await editor.deploy();
			for (const type of TYPES) {
				const nodes = stored.filter((node) => node.type === type);
				assert.ok(nodes.length > 0, type);
				const settings = Object.entries(await defaultsOf(type)).filter(([name]) => name !== NOT_A_SETTING);
				assert.ok(settings.length > 4, type);
				for (const [name, value] of settings)
					if (nodes.every((node) => String(node[name]) === String(value))) fixed.push(`${type} ${name}`);
			}
			if (depth !== 'brief') assert.deepEqual(fixed, []);
			for (const { id, title } of made) assert.deepEqual(await editor.complaints(id), [], title);
		});

		it('what cannot be is marked, and a reason is given', async () => {
			const bad: string[] = [];
			for (const type of TYPES) {
				for (const name of await judgedIn(type)) {
					const setting = `${type} ${name}`;
					if (HAND_MADE.includes(setting) || !objected.has(setting)) continue;
					if (objected.get(setting) !== 'reason') bad.push(`${setting}: ${objected.get(setting)}`);
				}
			}
			assert.deepEqual(bad, []);
		});

		it('the palette, the ports and the help are in this language', async () => {
			for (const type of TYPES) {
				const judge = new Language(setOf(type), language);
				const help = await editor.help(type);
				assert.deepEqual(rawKeys([help]), [], type);
				const count = help.match(place.typical)?.length ?? 0;
				assert.ok(count > 20, `help of ${type}: ${count} of ${place.typical} in ${help.length} characters`);
				if (!SETS.includes(type)) continue;
				const inPalette = editor.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
				const ports = await editor.page.evaluate<string[]>(`(() => {
					const node = RED.nodes.filterNodes({ type: '${type}' })[0];
					const { inputLabels, outputLabels, outputs } = node._def;
					return [inputLabels.call(node, 0), ...Array.from({ length: outputs }, (_, index) => outputLabels.call(node, index))];
				})()`);
				const words = [(await inPalette.getAttribute('data-palette-label')) ?? '', ...ports];
				assert.ok(words.every(Boolean), `${type}: ${words}`);
				assert.equal(judge.known(words), words.length, `${type}: ${words}`);
			}
			await editor.screenshot(`palette-${version}-${language}-${theme}`);
		});

		it('shows all again that was entered, in a page that is loaded anew', async () => {
			await editor.reload();
			for (const { id, title, shown } of made) {
				await editor.open(id);
				await walk.choose({});
				const secrets = Object.keys(shown).filter((field) => SECRET.test(field));
				const expected = { ...shown, ...Object.fromEntries(secrets.map((field) => [field, '__PWRD__'])) };
				assert.deepEqual(await walk.shown(), expected, title);
				assert.deepEqual(await editor.marked(), [], title);
				await editor.save();
			}
			assert.ok(await editor.isDeployed(), 'looking has changed something');
		});
	});
}
