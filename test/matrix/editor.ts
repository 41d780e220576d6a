import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The tests of the editor, in other Node-REDs than the installed one, and every dialog with every choice. */
export const EDITOR_RUNS: readonly { title: string; tests: RegExp; env: Record<string, string> }[] = [
	...['4.0', '5.0'].map((version) => ({
		title: `The editor of Node-RED ${version}`,
		tests: /^(?!every-dialog)/,
		env: { LAB_NODE_RED: version },
	})),
	{ title: 'Every dialog', tests: /^every-dialog/, env: { LAB_DIALOGS: 'all' } },
];

/**
 * Runs those test files one after the other, in an environment that says what they run in.
 * @returns how many tests have passed
 * @throws if one fails; the message holds what it says
 */
export async function runEditorTests(tests: RegExp, env: Record<string, string>): Promise<string> {
	const folder = new URL('../editor/', import.meta.url);
	const files = readdirSync(folder)
		.filter((name) => name.endsWith('.test.js') && tests.test(name))
		.map((name) => fileURLToPath(new URL(name, folder)));
	const args = ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files];
	const child = spawn(process.execPath, args, {
		env: { ...process.env, ...env },
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	let output = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	const code = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0);
	if (code === 0 && passed > 0) return `${passed} tests`;
	const failed = output.split('\n').filter((line) => /^\s*(not ok|error:|[-+] )/.test(line));
	throw new Error(`${files.length} files, ended with ${code}:\n${failed.slice(0, 100).join('\n')}`);
}
