import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Editor, openEditor } from '../lab/editor.ts';
import { needs } from '../lab/needs.ts';
import { type FlowNode, type LabNodeRed, startNodeRed } from '../lab/node-red.ts';

const JSON_FIELD = 'node-config-options';
const input = (name: string) => `node-config-input-${name}`;
const option = (name: string) => `node-config-option-${name}`;

const provider = (id: string, more: object = {}): FlowNode => {
	const none = { name: '', endpoint: '', caFile: '', model: '', options: '' };
	return { id, type: 'stt-provider', provider: 'assemblyai', ...none, ...more };
};
const stream = (id: string, provider: string): FlowNode => ({
	...{
		id,
		type: 'stt-stream',
		z: 'tab',
		name: '',
		provider,
		language: '',
		partials: true,
		finals: 'refined',
	},
	wires: [[], [], []],
});

/** As Node-RED may find them, of earlier versions or written by hand. */
const FLOW: FlowNode[] = [
	{ id: 'tab', type: 'tab', label: 'Speech' },
	provider('old', { provider: 'local', options: '{"grammar":"/a.jsgf","endSilenceMs":"300"}' }),
	provider('from-environment', {
		provider: `\${WHICH}`,
		endpoint: `\${WHERE}`,
		options: { inactivity_timeout: `\${SECONDS}` },
		version: 1,
	}),
	provider('with-key'),
	provider('without-key'),
	provider('google', { provider: 'google', options: { applicationDefaultCredentials: true } }),
	provider('own-server', { endpoint: 'ws://127.0.0.1:9' }),
	provider('yandex-without-key', { provider: 'yandex' }),
	provider('unformatted', { options: '{"format_turns":false}' }),
	...[
		'old',
		'with-key',
		'without-key',
		'own-server',
		'yandex-without-key',
		'unformatted',
		'from-environment',
	].map((id) => stream(`stream-${id}`, id)),
];

describe('the dialog of an stt-provider marks what cannot work', { skip: needs('chromium') }, () => {
	let nodeRed: LabNodeRed;
	let editor: Editor;

	before(async () => {
		nodeRed = await startNodeRed({
			flow: FLOW,
			credentials: { 'with-key': { apiKey: 'key-of-a-test' }, unformatted: { apiKey: `\${KEY}` } },
			env: { WHICH: 'assemblyai', WHERE: 'ws://127.0.0.1:9', SECONDS: 'soon' },
		});
		editor = await openEditor(nodeRed, { height: 1100 });
	});
	after(async () => {
		try {
			await editor?.close();
		} finally {
			await nodeRed?.stop();
		}
	});

	const note = async () => String(await editor.page.locator('#stt-provider-notes').textContent());
	const problem = async () => String(await editor.page.locator('#stt-provider-problem').textContent());

	it('a key that is missing, in flows that are loaded or imported, and where it is no mistake not', async () => {
		await editor.waitForComplaints('without-key');
		assert.deepEqual(await editor.complaints('without-key'), ['the provider needs a key']);
		assert.equal((await editor.waitForComplaints('stream-without-key')).length, 1);
		await editor.waitForComplaints('yandex-without-key');
		for (const id of ['old', 'from-environment', 'with-key', 'own-server', 'unformatted', 'google'])
			assert.deepEqual(await editor.complaints(id), [], id);
		const copy = provider('copy');
		await editor.importFlow([
			{ id: 'new', type: 'tab', label: 'Imported' },
			copy,
			{ ...stream('s', 'copy'), z: 'new' },
		]);
		const imported = (await editor.ids('stt-provider')).find((id) => !FLOW.some((node) => node.id === id))!;
		assert.equal((await editor.waitForComplaints(imported)).length, 1);
		await editor.deploy();
		assert.equal((await editor.complaints(imported)).length, 1, 'also after a deploy');
	});

	it('in the dialog: the empty field, until there is a key, a variable or a server of your own', async () => {
		await editor.open('without-key');
		assert.deepEqual(await editor.marked(), [input('apiKey')]);
		for (const [fields, marked] of [
			[{ [input('apiKey')]: 'key with blanks' }, [input('apiKey')]],
			[{ [input('apiKey')]: `\${ASSEMBLYAI_KEY}` }, []],
			[{ [input('apiKey')]: '', [input('endpoint')]: 'wss://stt.example.org' }, []],
			[{ [input('endpoint')]: 'stt.example.org:443' }, [input('endpoint')]],
			[{ [input('endpoint')]: `\${WHERE}` }, []],
			[{ [input('endpoint')]: '', 'node-config-sign-in': 'token' }, [input('token')]],
			[{ [input('token')]: 'once' }, []],
			[{ [input('provider')]: 'yandex', 'node-config-sign-in': 'serviceAccount' }, [input('serviceAccount')]],
			[{ [input('serviceAccount')]: '{"id":"no key"}' }, [input('serviceAccount')]],
			[
				{ [input('serviceAccount')]: `\${KEY_FILE}`, [input('endpoint')]: 'wss://a.example.org' },
				[input('endpoint')],
			],
			[{ [input('endpoint')]: 'grpc://127.0.0.1' }, [input('endpoint')]],
			[{ [input('endpoint')]: 'grpc://127.0.0.1:50051' }, []],
			[{ [input('provider')]: 'google', 'node-config-sign-in': 'serviceAccount' }, [input('serviceAccount')]],
			[
				{ [input('serviceAccount')]: '{"id":"k","service_account_id":"a","private_key":"of Yandex"}' },
				[input('serviceAccount')],
			],
			[{ 'node-config-sign-in': 'keyless' }, []],
			[{ 'node-config-sign-in': 'apiKey' }, [input('apiKey')]],
			[{ [input('provider')]: 'local' }, []],
		] as [Record<string, string>, string[]][]) {
			await editor.fill(fields);
			assert.deepEqual(await editor.marked(), marked, JSON.stringify(fields));
		}
		await editor.cancel();
		assert.deepEqual(
			await editor.complaints('without-key'),
			['the provider needs a key'],
			'nothing was saved',
		);
	});

	it('an option that there is not, or that cannot have this value, by its name', async () => {
		await editor.open('with-key');
		for (const [json, named, marked] of [
			['{"format_turns": tru}', /JSON object/, []],
			['[1]', /JSON object/, []],
			['{"Format_turns": true}', /"Format_turns"/, []],
			['{"keyterms_prompt": "one"}', /"keyterms_prompt".*array/, [option('keyterms_prompt')]],
			['{"max_turn_silence": -1}', /"max_turn_silence".*0 to 3600000/, [option('max_turn_silence')]],
			['{"mode": "quick"}', /"mode".*min_latency/, []],
			['{"end_of_turn_confidence_threshold": 2}', /0 to 1/, [option('end_of_turn_confidence_threshold')]],
		] as [string, RegExp, string[]][]) {
			await editor.fill({ [JSON_FIELD]: json });
			assert.match(await problem(), named, json);
			assert.deepEqual((await editor.marked()).sort(), [JSON_FIELD, ...marked].sort(), json);
		}
		await editor.screenshot('stt-provider-marked');
		await editor.save();
		assert.match((await editor.complaints('with-key')).join(), /end_of_turn_confidence_threshold/);
		await editor.open('with-key');
		await editor.fill({ [option('end_of_turn_confidence_threshold')]: '' });
		assert.deepEqual(await editor.marked(), []);
		await editor.fill({ [JSON_FIELD]: `{"vad_threshold": 0.4, "max_turn_silence": "\${PAUSE}"}` });
		assert.deepEqual(await editor.marked(), []);
		assert.equal((await editor.read(option('max_turn_silence')))[option('max_turn_silence')], `\${PAUSE}`);
		// A field changes its own option and no other.
		await editor.fill({ [option('filter_profanity')]: true });
		await editor.save();
		assert.deepEqual(await editor.complaints('with-key'), []);
		const stored = (await editor.deploy()).find(({ id }) => id === 'with-key');
		assert.deepEqual(stored?.['options'], {
			vad_threshold: 0.4,
			max_turn_silence: `\${PAUSE}`,
			filter_profanity: true,
		});
	});

	it('what one version of an interface knows and the other does not', async () => {
		await editor.open('google');
		assert.deepEqual(await editor.marked(), []);
		assert.deepEqual(await editor.read('node-config-sign-in'), { 'node-config-sign-in': 'keyless' });
		for (const [json, named] of [
			['{"apiVersion": "v2", "useEnhanced": true}', /"useEnhanced" does not go with "apiVersion": "v2"/],
			['{"recognizer": "mine"}', /"recognizer" does not go with "apiVersion": "v1"/],
			['{"location": "europe-west4"}', /"location": use one of global, us, eu/],
			['{"apiVersion": "v2", "location": "europe-west4", "useEnhanced": false}', /^$/],
		] as [string, RegExp][]) {
			await editor.fill({ [JSON_FIELD]: json });
			assert.match(await problem(), named);
		}
		await editor.fill({ [option('recognizer')]: 'mine', [option('apiVersion')]: '' });
		assert.match(await note(), /recognizer/);
		assert.deepEqual((await editor.marked()).sort(), [JSON_FIELD, option('location')].sort());
		await editor.fill({ [option('location')]: 'eu', [option('apiVersion')]: 'v2' });
		assert.deepEqual(await editor.read(option('recognizer')), { [option('recognizer')]: 'mine' });
		await editor.cancel();
	});

	it('nothing of an old flow, which it leaves as it was', async () => {
		await editor.open('old');
		assert.deepEqual(await editor.read(option('grammar'), option('endSilenceMs')), {
			[option('grammar')]: '/a.jsgf',
			[option('endSilenceMs')]: '300',
		});
		assert.deepEqual(await editor.marked(), []);
		await editor.cancel();
		await editor.open('from-environment');
		assert.deepEqual(await editor.read(input('provider'), input('endpoint')), {
			[input('provider')]: `\${WHICH}`,
			[input('endpoint')]: `\${WHERE}`,
		});
		assert.deepEqual(await editor.marked(), []);
		await editor.save();
		assert.equal(await editor.label('from-environment'), `\${WHICH}`);
		assert.ok(await editor.isDeployed());
		// The environment's value of an option arrived.
		assert.match(
			(await nodeRed.waitForError('stream-from-environment')).message,
			/"inactivity_timeout" is "soon"/,
		);
	});

	it('keeps what was entered for a provider while another is looked at, and replaces it only when saved', async () => {
		await editor.open('with-key');
		assert.equal(await note(), '');
		await editor.fill({ [input('provider')]: 'yandex' });
		assert.match(await note(), /AssemblyAI/);
		assert.deepEqual(await editor.read(input('apiKey'), JSON_FIELD), {
			[input('apiKey')]: '',
			[JSON_FIELD]: '',
		});
		await editor.fill({ [option('folderId')]: 'b1g' });
		await editor.fill({ [input('provider')]: 'assemblyai' });
		assert.equal(await note(), '');
		assert.equal((await editor.read(input('apiKey')))[input('apiKey')], '__PWRD__');
		assert.equal((await editor.read(option('filter_profanity')))[option('filter_profanity')], true);
		await editor.fill({ [input('provider')]: 'yandex' });
		assert.equal((await editor.read(option('folderId')))[option('folderId')], 'b1g');
		await editor.screenshot('stt-provider-replaced');
		await editor.save();
		assert.deepEqual(await editor.complaints('with-key'), ['the provider needs a key']);
		const stored = (await editor.deploy()).find(({ id }) => id === 'with-key');
		assert.deepEqual([stored?.['provider'], stored?.['options']], ['yandex', { folderId: 'b1g' }]);
		await nodeRed.waitForError('stream-with-key', ({ message }) => /^Yandex SpeechKit needs/.test(message));
	});

	it('an stt-stream offers formatted finals where there are any, and tells what keeping warm costs', async () => {
		for (const [id, finals, cost] of [
			['old', false, /memory/],
			['own-server', true, /AssemblyAI bills/],
			['unformatted', false, /AssemblyAI bills/],
			['yandex-without-key', true, /nothing is billed/],
			['from-environment', true, /Some vendors bill/],
		] as const) {
			await editor.open(`stream-${id}`);
			assert.equal(await editor.field('node-input-finals').isVisible(), finals, id);
			assert.match(String(await editor.page.locator('.stt-stream-warm-cost').textContent()), cost);
			assert.deepEqual(await editor.read('node-input-finals'), { 'node-input-finals': 'refined' });
			await editor.cancel();
		}
	});
});
