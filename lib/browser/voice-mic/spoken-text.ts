import type { PageTranscript } from '../protocol.ts';

/** The text of one utterance while it grows: partials give way to finals, turn by turn. */
export class SpokenText {
	readonly #turns = new Map<number, { text: string; isFinal: boolean }>();

	add({ kind, text, turn }: PageTranscript): void {
		const known = this.#turns.get(turn);
		if (kind === 'partial' && known?.isFinal) return;
		this.#turns.set(turn, { text: text.trim(), isFinal: kind !== 'partial' });
	}

	/** What is settled. */
	get final(): string {
		return this.#joined(true);
	}

	/** What may still change. */
	get partial(): string {
		return this.#joined(false);
	}

	/** Has the recogniser settled anything, even if it was nothing? */
	get hasFinal(): boolean {
		return [...this.#turns.values()].some(({ isFinal }) => isFinal);
	}

	#joined(isFinal: boolean): string {
		const turns = [...this.#turns].sort(([a], [b]) => a - b).map(([, turn]) => turn);
		return turns
			.filter((turn) => turn.isFinal === isFinal && turn.text)
			.map(({ text }) => text)
			.join(' ');
	}
}
