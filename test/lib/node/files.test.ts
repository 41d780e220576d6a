import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { fileToRead, fileToWrite } from '../../../lib/node/files.ts';

describe('a relative path', () => {
	const started = process.cwd();
	let folder: string;
	let userDir: string;
	before(() => {
		folder = realpathSync(mkdtempSync(join(tmpdir(), 'voice-files-')));
		userDir = join(folder, 'user');
		mkdirSync(userDir);
		mkdirSync(join(folder, 'work'));
		mkdirSync(join(folder, 'start'));
		for (const file of ['user/both.wav', 'user/user.wav', 'start/both.wav', 'work/both.wav'])
			writeFileSync(join(folder, file), '');
		process.chdir(join(folder, 'start'));
	});
	after(() => {
		process.chdir(started);
		rmSync(folder, { recursive: true });
	});

	it('of a file to read: where Node-RED was started, else the user folder', () => {
		const find = (path: string) => fileToRead(path, { userDir });
		assert.equal(find('both.wav'), join(folder, 'start/both.wav'));
		assert.equal(find('user.wav'), join(userDir, 'user.wav'));
		assert.equal(find('a/../none.wav'), join(userDir, 'none.wav'));
		writeFileSync(join(folder, 'start/none.wav'), '');
		assert.equal(find('none.wav'), join(folder, 'start/none.wav'), 'it is there by now');
		assert.equal(fileToRead('user.wav', {}), join(folder, 'start/user.wav'), 'no user folder is known');
	});

	it('of a file to read: only fileWorkingDirectory, if that is set', () => {
		const settings = { userDir, fileWorkingDirectory: join(folder, 'work') };
		assert.equal(fileToRead('both.wav', settings), join(folder, 'work/both.wav'));
		assert.equal(fileToRead('user.wav', settings), join(folder, 'work/user.wav'));
		assert.equal(fileToRead('user.wav', { userDir, fileWorkingDirectory: '' }), join(userDir, 'user.wav'));
	});

	it('of a file to write: fileWorkingDirectory, else where Node-RED was started', () => {
		const fileWorkingDirectory = join(folder, 'work');
		assert.equal(fileToWrite('x/new.wav', { userDir, fileWorkingDirectory }), join(folder, 'work/x/new.wav'));
		assert.equal(fileToWrite('user.wav', { userDir }), join(folder, 'start/user.wav'));
	});

	it('an absolute one stays as it is, and none stays none', () => {
		for (const settings of [{}, { userDir }, { userDir, fileWorkingDirectory: join(folder, 'work') }])
			for (const find of [fileToRead, fileToWrite]) {
				assert.equal(find('/no/such.wav', settings), '/no/such.wav');
				assert.equal(find('', settings), '');
			}
	});
});
