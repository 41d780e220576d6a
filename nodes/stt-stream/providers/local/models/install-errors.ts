import { VoiceError } from '../../provider.ts';
import { DamagedArchiveError, UnsafeArchiveError } from './archive-errors.ts';
import { shown } from './http.ts';
import { command } from './store.ts';

/** Makes a VoiceError of what the archive or the file system has thrown. */
export function explain(thrown: unknown, modelsDir: string): VoiceError {
	if (thrown instanceof VoiceError) return thrown;
	const { message, code } = thrown as NodeJS.ErrnoException;
	if (thrown instanceof UnsafeArchiveError)
		return new VoiceError(
			'STT_MODEL_MISSING',
			`The archive is refused: ${message}`,
			'it was not made by the publisher of the model; check the address of the mirror',
			{ cause: thrown },
		);
	if (thrown instanceof DamagedArchiveError)
		return new VoiceError('STT_MODEL_MISSING', `The archive is damaged: ${message}`, 'download it again', {
			cause: thrown,
		});
	if (code === 'ENOSPC' || code === 'EDQUOT') return noSpace(modelsDir, 'the disk is full', thrown);
	return new VoiceError(
		'STT_ENGINE',
		`The models folder ${modelsDir} cannot be used (${message})`,
		'check that the folder is on a disk that works, and that Node-RED may write there',
		{ cause: thrown },
	);
}

export const noSpace = (modelsDir: string, what: string, cause?: unknown) =>
	new VoiceError(
		'STT_ENGINE',
		`There is no room for the model in ${modelsDir} (${what})`,
		`free some space (${command('remove', '<name>')} removes a model), or choose a smaller model`,
		{ cause },
	);

export const changed = (address: URL, how: string) =>
	new VoiceError(
		'STT_MODEL_MISSING',
		`What ${shown(address)} sends has ${how}`,
		'nothing was installed; check the mirror, or update this package in case the publisher has replaced the model',
	);

export const badName = (name: string) =>
	new VoiceError(
		'STT_CONFIG',
		`No speech model can have the name ${JSON.stringify(name.slice(0, 60))}`,
		`choose one of those that \`${command('list')}\` shows`,
	);

export const noModel = (what: string, why: string, cause?: unknown) =>
	new VoiceError(
		'STT_MODEL_MISSING',
		`${what} ${why}`,
		`choose one of those that \`${command('list')}\` shows`,
		{ cause },
	);
