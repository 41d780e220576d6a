import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../lab/root.ts';

// apt, dpkg and the user id are stand-ins here: no package is installed, and apt-get only notes what it was told.
const folder = mkdtempSync(join(tmpdir(), 'voice-apt-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const log = join(folder, 'log');
const script = pathToFileURL(join(packageRoot, 'scripts/system-packages.mjs')).href;

function standIn(name: string, body: string): void {
	writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
	chmodSync(join(folder, name), 0o755);
}

/**
 * @param offered the packages that apt's lists have once they were updated
 * @param listed whether they are up to date from the beginning
 */
function ensure({
	offered,
	listed = true,
	env = {},
	uid = 0,
}: {
	offered: string[];
	listed?: boolean;
	env?: Record<string, string>;
	uid?: number;
}) {
	writeFileSync(log, '');
	const lines = offered.map((name) => `printf '%s:\\n  Candidate: 1.0\\n' ${name}`).join('\n');
	const ready = listed ? 'true' : `grep -q update '${log}'`;
	standIn('dpkg-query', 'exit 1');
	standIn('grep', 'exec /bin/grep "$@"');
	standIn(
		'apt-cache',
		`${ready} || exit 0\n[ "$1" = stats ] && echo 'Total package names: 60000 (1M)'\n${lines}`,
	);
	standIn('apt-get', `echo "$DEBIAN_FRONTEND $*" >> '${log}'`);
	const code = `process.getuid = () => ${uid};
		const { ensureSystemPackages, printMissing } = await import(${JSON.stringify(script)});
		const { missing, remedy } = ensureSystemPackages('pocketsphinx');
		printMissing(missing, remedy);`;
	const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
		env: { PATH: folder, ...env },
		encoding: 'utf8',
	});
	assert.equal(stderr, '');
	return { stdout, calls: readFileSync(log, 'utf8').split('\n').filter(Boolean) };
}

const ALL = ['pocketsphinx', 'pocketsphinx-en-us', 'python3-pocketsphinx'];
const LINE = 'apt-get install -y --no-install-recommends';

describe('missing system packages', () => {
	it('as root are installed, after the command was printed', () => {
		const { stdout, calls } = ensure({ offered: ALL });
		assert.match(stdout, new RegExp(`^\\$ ${LINE} ${ALL.join(' ')}$`, 'm'));
		assert.equal(calls.length, 1);
		assert.match(calls[0]!, /^noninteractive .*install -y --no-install-recommends pocketsphinx /);
	});

	it('make apt update its lists first only where these lack a package', () => {
		const { calls } = ensure({ offered: ALL, listed: false });
		assert.equal(calls.length, 2);
		assert.match(calls[0]!, /update$/);
		assert.match(calls[1]!, /install .*python3-pocketsphinx$/);
	});

	it('that this release does not have and nothing depends on are left out', () => {
		const { stdout, calls } = ensure({ offered: ['pocketsphinx', 'pocketsphinx-en-us'] });
		assert.equal(calls.length, 1);
		assert.match(calls[0]!, /pocketsphinx-en-us$/);
		assert.doesNotMatch(stdout, /python3-pocketsphinx/);
	});

	it('are only named with VOICE_NO_APT=1', () => {
		const { stdout, calls } = ensure({ offered: ALL, env: { VOICE_NO_APT: '1' } });
		assert.deepEqual(calls, []);
		assert.match(stdout, new RegExp(`sudo ${LINE} ${ALL.join(' ')}`));
		assert.match(stdout, /pocketsphinx +the local speech recogniser/);
	});

	it('are only named for a user who is not root', () => {
		const { stdout, calls } = ensure({ offered: ALL, uid: 1000 });
		assert.deepEqual(calls, []);
		assert.match(stdout, new RegExp(`sudo ${LINE} ${ALL.join(' ')}`));
	});
});
