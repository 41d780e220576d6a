import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NotPlainError, readPlain } from '../../../../../lib/node/plain-file.ts';
import { VoiceError } from '../../provider.ts';
import type { SherpaModel } from './model.ts';
import type { SherpaOptions } from './options.ts';
import { bytesOf, fieldsOf } from './protobuf.ts';

/** Words to listen for, as the engine wants them. */
export interface Hotwords {
	/** A phrase on each line, with its own score behind a colon where it has one. */
	readonly text: string;
	/** How they are cut into tokens. */
	readonly unit: 'cjkchar' | 'bpe';
	/** Path of the vocabulary with which they are cut; '' for characters. */
	readonly vocabulary: string;
	/** Contents of a vocabulary that has yet to be written to a file, or ''. */
	readonly pieces: string;
}

const PHRASES_MAX = 10_000;
/** Characters: over a very long one, as a file that is no text has, the engine thinks for minutes. */
const PHRASE_MAX = 200;
const FILE_MAX_BYTES = 4_000_000;
/** Far more than any has, also of many languages. */
const PIECES_MAX_BYTES = 64_000_000;
const SCORE = /^:\d{1,3}(\.\d{1,6})?$/;

/**
 * Reads and checks hotwords; the engine ends its process over some that it cannot read (csrc/utils.cc).
 * @throws VoiceError STT_CONFIG
 */
export async function readHotwords(
	model: SherpaModel,
	{ hotwords, hotwordsFile }: Pick<SherpaOptions, 'hotwords' | 'hotwordsFile'>,
): Promise<Hotwords | undefined> {
	const lines = [...hotwords, ...(hotwordsFile ? await linesOf(resolve(hotwordsFile)) : [])];
	const phrases = lines.map((line) => checkPhrase(line, model)).filter(Boolean);
	if (!phrases.length) return undefined;
	if (phrases.length > PHRASES_MAX)
		throw refuse(`There are ${phrases.length} hotwords`, `use at most ${PHRASES_MAX}`);
	const text = `${phrases.join('\n')}\n`;
	if (model.tokens.isCharacters) return { text, unit: 'cjkchar', vocabulary: '', pieces: '' };
	const vocabulary = join(model.folder, 'bpe.vocab');
	if (existsSync(vocabulary)) return { text, unit: 'bpe', vocabulary, pieces: '' };
	const pieces = await piecesOf(join(model.folder, 'bpe.model'));
	if (pieces) return { text, unit: 'bpe', vocabulary: '', pieces };
	throw refuse(
		`The model ${model.folder} has neither bpe.vocab nor bpe.model, which hotwords need`,
		'add one of them to the folder, or use no hotwords',
	);
}

async function linesOf(path: string): Promise<string[]> {
	try {
		return String(await readPlain(path, FILE_MAX_BYTES)).split('\n');
	} catch (thrown) {
		const why = thrown instanceof NotPlainError ? thrown.message : 'cannot be read';
		throw refuse(`The file of hotwords ${path} ${why}`, 'set the option hotwordsFile to a text file');
	}
}

/** A phrase in the letters that the model knows; '' for an empty line. */
function checkPhrase(line: string, { tokens }: SherpaModel): string {
	const parts = line.split(/\s+/).filter(Boolean);
	const score = parts.at(-1)?.startsWith(':') ? parts.pop() : undefined;
	if (!parts.length && score === undefined) return '';
	const shown = line.trim().slice(0, 40);
	if (score !== undefined && !SCORE.test(score))
		throw refuse(`The hotword "${shown}" ends with a score that is none`, 'write "two words :2.5"');
	if (line.length > PHRASE_MAX)
		throw refuse(
			`The hotword "${shown}…" has ${line.length} characters`,
			`write a phrase of at most ${PHRASE_MAX} on each line`,
		);
	// Signs by which the engine knows scores, thresholds and labels.
	if (!parts.length || parts.some((part) => /^[:#@]/.test(part)))
		throw refuse(`The hotword "${shown}" cannot be used`, 'use words, each without : # or @ before it');
	const phrase = parts.join(' ');
	const cased =
		tokens.hasUpper === tokens.hasLower
			? phrase
			: tokens.hasUpper
				? phrase.toLocaleUpperCase('en')
				: phrase.toLocaleLowerCase('en');
	return score ? `${cased} ${score}` : cased;
}

/** Of sentencepiece's own file (ModelProto: pieces 1 { piece 1, score 2 }), the vocabulary that the engine reads. */
async function piecesOf(path: string): Promise<string> {
	if (!existsSync(path)) return '';
	const lines: string[] = [];
	try {
		for (const [field, piece] of fieldsOf(await readPlain(path, PIECES_MAX_BYTES))) {
			if (field !== 1 || !Buffer.isBuffer(piece)) continue;
			const score = bytesOf(piece, 2);
			lines.push(`${bytesOf(piece, 1)}\t${score.length === 4 ? score.readFloatLE() : 0}\n`);
		}
	} catch (cause) {
		throw new VoiceError('STT_CONFIG', `The file ${path} is damaged`, 'get the model anew', { cause });
	}
	return lines.join('');
}

const refuse = (problem: string, remedy: string) => new VoiceError('STT_CONFIG', problem, remedy);
