import { StringDecoder } from 'node:string_decoder';

/** No program that is read line by line says more at once. */
const LINE_MAX = 64 * 1024;

/** Cuts text that comes in pieces into lines. Of a line that is longer than `limit` characters the rest is dropped. */
export class LineSplitter {
	readonly #decoder = new StringDecoder();
	readonly #limit: number;
	#line = '';
	/** A CR that ended the last piece may be half of a line's end. */
	#afterReturn = false;

	constructor(limit = LINE_MAX) {
		this.#limit = limit;
	}

	/** The lines that are whole now. They end with LF, CR LF or CR. */
	push(data: Buffer): string[] {
		return this.#take(this.#decoder.write(data));
	}

	/** What is left: a line without its end, or nothing. */
	end(): string[] {
		const lines = this.#take(this.#decoder.end());
		const rest = this.#line;
		this.#line = '';
		return rest ? [...lines, rest] : lines;
	}

	#take(text: string): string[] {
		if (!text) return [];
		const fresh = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
		this.#afterReturn = text.endsWith('\r');
		const lines = fresh.split(/\r\n|\n|\r/);
		lines[0] = this.#line + lines[0];
		this.#line = (lines.pop() as string).slice(0, this.#limit);
		return lines.map((line) => line.slice(0, this.#limit));
	}
}

/** Calls `take` with each line of a stream; resolves at its end, whatever that was. */
export function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): Promise<void> {
	const splitter = new LineSplitter();
	stream.on('data', (data: Buffer) => {
		for (const line of splitter.push(data)) take(line);
	});
	return new Promise((resolve) => {
		let isOver = false;
		const over = () => {
			if (isOver) return;
			isOver = true;
			for (const line of splitter.end()) take(line);
			resolve();
		};
		for (const event of ['end', 'error', 'close']) stream.once(event, over);
	});
}
