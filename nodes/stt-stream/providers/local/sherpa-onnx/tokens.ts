/** What a model's table of tokens tells. */
export interface Tokens {
	/** Largest number, plus one. */
	readonly size: number;
	readonly hasBlank: boolean;
	/** Which letters its tokens have; hotwords must be written in them. */
	readonly hasLower: boolean;
	readonly hasUpper: boolean;
	/** Every token is a character: hotwords need no vocabulary. */
	readonly isCharacters: boolean;
}

// Marks such as <blk>, <unk>, <0xE4> and #0 are no letters of the language.
const MARK = /^(<.*>|#\d+)$/;

/**
 * Reads tokens.txt as sherpa-onnx does (symbol-table.cc): a token and its number on each line; a number alone stands for
 * the space.
 * @throws Error with words that fit behind "tokens.txt"
 */
export function readTokens(text: string): Tokens {
	const numbers = new Set<number>();
	const symbols: string[] = [];
	for (const [index, line] of text.split('\n').entries()) {
		const parts = line.split(/[ \t\r\f\v]+/).filter(Boolean);
		if (!parts.length) continue;
		const [symbol, number] = parts.length === 1 ? [' ', parts[0]] : [parts[0] as string, parts[1]];
		if (parts.length > 2 || !/^\d{1,9}$/.test(number ?? ''))
			throw new Error(`has a line ${index + 1} that is not a token and its number`);
		numbers.add(Number(number));
		symbols.push(symbol);
	}
	if (!numbers.size) throw new Error('is empty');
	let size = 0;
	for (const number of numbers) size = Math.max(size, number + 1);
	const plain = symbols.filter((symbol) => !MARK.test(symbol)).map((symbol) => symbol.replace(/^▁/, ''));
	return {
		size,
		hasBlank: symbols.some((symbol) => ['<blk>', '<eps>', '<blank>'].includes(symbol)),
		hasLower: plain.some((symbol) => /\p{Ll}/u.test(symbol)),
		hasUpper: plain.some((symbol) => /\p{Lu}/u.test(symbol)),
		isCharacters: plain.every((symbol) => [...symbol].length <= 1),
	};
}
