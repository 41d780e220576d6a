import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const module = JSON.stringify(new URL('./needs.js', import.meta.url).href);

/** What `needs` says in a process with this environment. */
function ask(what: string[], env: Record<string, string>): unknown {
	const code = `import(${module}).then(({ needs }) => {
		let answer;
		try { answer = needs(...${JSON.stringify(what)}); } catch (error) { answer = { thrown: error.message }; }
		console.log(JSON.stringify(answer));
	})`;
	return JSON.parse(execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' }));
}

test('nothing missing, nothing to skip', () => {
	assert.equal(ask([], { PATH: '/nowhere' }), false);
});

test('what is missing is named, with the way to get it', () => {
	const reason = ask(['flite', 'alsa-utils'], { PATH: '/nowhere', CI: 'false' });
	assert.equal(reason, 'needs flite (apt install flite); needs alsa-utils (apt install alsa-utils)');
});

test('in CI a missing thing is an error', () => {
	const { thrown } = ask(['flite'], { PATH: '/nowhere', CI: 'true' }) as { thrown: string };
	assert.match(thrown, /CI may not skip: needs flite/);
});
