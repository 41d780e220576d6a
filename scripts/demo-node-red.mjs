// A Node-RED inside this process for the demo: on 127.0.0.1, with a user folder of its own that is removed at the end.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** Where Node-RED's users expect the editor; any free port if it is taken. */
const USUAL_PORT = 1880;
/** Node-RED gives its nodes 15 s to close; ours need far less. */
const STOP_MS = 5000;
/** Its log level. */
const ERROR = 20;

/**
 * Starts Node-RED with one flow and this package installed.
 * @param {string} root the package's folder
 * @param {object[]} flow
 * @param {(text: string) => void} print takes Node-RED's warnings and errors
 * @returns {Promise<{ RED: object, url: string, stop: () => Promise<void> }>}
 */
export async function startNodeRed(root, flow, print) {
	const userDir = mkdtempSync(join(tmpdir(), 'node-red-voice-demo-'));
	process.once('exit', () => rmSync(userDir, { recursive: true, force: true }));
	installInto(userDir, root);
	writeFileSync(join(userDir, 'flows.json'), JSON.stringify(flow));

	const require = createRequire(createRequire(join(root, 'package.json')).resolve('node-red'));
	const RED = require('./red.js');
	const app = require('express')();
	const server = createServer(app);
	RED.init(server, settingsFor(userDir, print));
	app.use('/', RED.httpAdmin);
	app.use('/', RED.httpNode);
	const started = new Promise((resolve) => RED.events.once('flows:started', resolve));
	await RED.start();
	await started;
	const port = await listen(server);

	const stop = async () => {
		const timer = new Promise((resolve) => setTimeout(resolve, STOP_MS).unref());
		await Promise.race([RED.stop(), timer]);
		server.closeAllConnections();
		server.close();
	};
	return { RED, url: `http://127.0.0.1:${port}/`, stop };
}

/** Puts the package where `npm install <folder>` would. */
function installInto(userDir, root) {
	const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
	const target = join(userDir, 'node_modules', name);
	mkdirSync(dirname(target), { recursive: true });
	symlinkSync(root, target, 'dir');
	const manifest = { name: 'voice-demo', private: true, dependencies: { [name]: `file:${root}` } };
	writeFileSync(join(userDir, 'package.json'), JSON.stringify(manifest));
}

/** Settings with which neither Node-RED nor its editor asks anything or calls any other machine. */
function settingsFor(userDir, print) {
	return {
		userDir,
		flowFile: 'flows.json',
		credentialSecret: false,
		telemetry: { enabled: false, updateNotification: false },
		diagnostics: { enabled: false, ui: false },
		externalModules: {
			autoInstall: false,
			palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
			modules: { allowInstall: false },
		},
		editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
		logging: {
			console: { level: 'off' },
			// What nodes say and what goes wrong; not what Node-RED says about its own settings.
			demo: {
				level: 'warn',
				handler: () => (entry) => {
					if (entry.id || entry.level <= ERROR) print(`[Node-RED] ${entry.msg?.message ?? entry.msg}`);
				},
			},
		},
	};
}

function listen(server) {
	const attempt = (port) =>
		new Promise((resolve, reject) => {
			server.once('error', reject);
			server.listen(port, '127.0.0.1', () => {
				server.off('error', reject);
				resolve(server.address().port);
			});
		});
	return attempt(USUAL_PORT).catch((error) => {
		if (error.code === 'EADDRINUSE') return attempt(0);
		throw error;
	});
}
