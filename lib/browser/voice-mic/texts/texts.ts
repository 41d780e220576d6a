import type { FailureCode } from '../failure.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';
import { ru } from './ru.ts';
import { zh } from './zh.ts';

/** Every word that the microphone says, in one language. `{seconds}`, `{limit}` and `{code}` are filled in. */
export interface Texts {
	/** Name of the button for those who do not see it. */
	label: string;
	labelHold: string;
	idle: string;
	idleHold: string;
	connecting: string;
	reconnecting: string;
	starting: string;
	/** The browser is asking for permission. */
	asking: string;
	/** With `{limit}` seconds, or without a limit. */
	speakNow: string;
	speakNowUnlimited: string;
	recording: string;
	recordingHold: string;
	/** In hold mode the button was only touched. */
	holdLonger: string;
	/** Permission came after the button was let go. */
	readyToHold: string;
	recognising: string;
	sent: string;
	done: string;
	/** The time limit ended it. */
	limitReached: string;
	/** Seconds in which speech must begin. */
	waiting: string;
	disabled: string;
	/** Of the page that has nothing but the microphone. */
	page: { title: string; empty: string; heard: string; confidence: string; clear: string; copy: string };
	failures: Readonly<Record<FailureCode, string>>;
}

/** What a page may replace. */
export type TextsPatch = Partial<Omit<Texts, 'failures' | 'page'>> & {
	failures?: Partial<Texts['failures']>;
	page?: Partial<Texts['page']>;
};

const languages = new Map<string, Texts>([
	['en', en],
	['de', de],
	['ja', ja],
	['ru', ru],
	['zh', zh],
]);

/** Adds a language, or changes one: what is missing is taken from the one there is, else from English. */
export function addLanguage(tag: string, texts: TextsPatch): void {
	const key = tag.toLowerCase();
	languages.set(key, patched(languages.get(key) ?? en, texts));
}

/** The texts of the first of these languages (BCP 47 tags) that is known; `de-AT` is served by `de`. */
export function textsFor(...tags: readonly (string | null | undefined)[]): Texts {
	for (const tag of tags) {
		const found = tag && (languages.get(tag.toLowerCase()) ?? languages.get(primary(tag)));
		if (found) return found;
	}
	return en;
}

/** The first of these languages that is known, else 'en'. */
export function knownLanguage(tags: readonly string[]): string {
	return tags.find((tag) => languages.has(primary(tag))) ?? 'en';
}

export function patched(texts: Texts, patch: TextsPatch): Texts {
	return {
		...texts,
		...patch,
		page: { ...texts.page, ...patch.page },
		failures: { ...texts.failures, ...patch.failures },
	};
}

/** Fills `{name}` in. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
	return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function primary(tag: string): string {
	return tag.toLowerCase().split(/[-_]/)[0] ?? '';
}
