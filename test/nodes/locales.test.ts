import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue, type HelpBlock, help, languagesOf, NODE_SETS, type NodeSet } from './locale-files.ts';
import { demandedByKinds, Usage } from './locale-usage.ts';

const ENGLISH = 'en-US';
/** With the letters that their texts are written in. */
const LETTERS: Readonly<Record<string, RegExp>> = {
	de: /\p{Script=Latin}/u,
	ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
	ru: /\p{Script=Cyrillic}/u,
	'zh-CN': /\p{Script=Han}/u,
};
const LANGUAGES = Object.keys(LETTERS);

/** Names of things, and what one types, are the same in every language. */
const NAMES = new Set([
	...['gpiomon (libgpiod)', 'onoff (sysfs)', 'PortAudio (naudiodon)', 'ALSA (arecord)', 'ALSA (aplay)'],
	...['AssemblyAI', 'Google Speech-to-Text', 'Yandex SpeechKit', 'sherpa-onnx', 'PocketSphinx'],
	...['= __ms__ ms', '= __ms__ ms(__rate__ Hz)', '__done__ / __total__'],
	...['true / false / "toggle"', '/voice', 'general', '/usr/share/pocketsphinx/model/en-us'],
]);
/** Words that a language has taken from English, or shares with it. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
	de: [
		...[
			'Name',
			'Topic',
			'Backend',
			'Pin',
			'Pins',
			'Pull',
			'Token',
			'Engine',
			'Threads',
			'Version',
			'Recognizer',
		],
		...['ms', 'Hz', '(1 = mono)', '__rates__ Hz'],
	],
	ru: [],
	'zh-CN': ['Hz', '__rates__ Hz', '/home/pi/speech.wav', '/home/pi/last.wav', 'turn on, zigbee :3'],
	ja: ['ms', 'Hz', '__rates__ Hz', '/home/pi/speech.wav', '/home/pi/last.wav', 'turn on, zigbee :3'],
};
const isNumber = (text: string) => /^[\d.]+$/.test(text);
const isShared = (language: string, text: string) =>
	NAMES.has(text) || isNumber(text) || (SHARED[language]?.includes(text) ?? false);

/** A status is cut after so many characters. */
const STATUS_LENGTH = 20;
/** As large as they get on usual days. */
const SAMPLES: Readonly<Record<string, string>> = { seconds: '999.9', speaking: '12', count: '64' };

/** What stays as it is in every language: values that are filled in, variables, permissions. */
const kept = (text: string) =>
	(text.match(/__\w+?__|\$\{\w+\}|\b[a-z]+-[a-z]+\.(?:read|write)\b/g) ?? []).sort();

/** Calls `judge` with each text of a language and what it is in English; returns what that complains of. */
function complaints(
	language: string,
	judge: (key: string, text: string, english: string, set: NodeSet) => string | false | undefined,
): string[] {
	return NODE_SETS.flatMap((set) => {
		const texts = catalogue(set, language);
		return [...catalogue(set, ENGLISH)].flatMap(([key, english]) => {
			const text = texts.get(key);
			const complaint = text !== undefined && judge(key, text, english, set);
			return complaint ? [`${set}, ${key}: ${complaint}`] : [];
		});
	});
}

it('every node speaks English, German, Japanese, Russian and Chinese', () => {
	for (const set of NODE_SETS) assert.deepEqual(languagesOf(set), [ENGLISH, ...LANGUAGES].sort(), set);
});

for (const language of [ENGLISH, ...LANGUAGES])
	describe(`the catalogues in ${language}`, () => {
		it('have the same keys as the English ones', () => {
			for (const set of NODE_SETS)
				assert.deepEqual(
					[...catalogue(set, language).keys()].sort(),
					[...catalogue(set, ENGLISH).keys()].sort(),
					set,
				);
		});

		it('call the category of the palette the same: whichever node is loaded first decides', () => {
			const names = NODE_SETS.map((set) => catalogue(set, language).get('palette.label.voice'));
			assert.equal(new Set(names).size, 1, `${names}`);
		});

		it('leave no text empty, fill in the same values and name the same permissions', () => {
			const wrong = complaints(language, (_key, text, english) => {
				if (text.trim() === '' || text !== text.trim()) return JSON.stringify(text);
				return `${kept(text)}` !== `${kept(english)}` && text;
			});
			assert.deepEqual(wrong, []);
		});

		it(`keep statuses within ${STATUS_LENGTH} characters`, () => {
			const wrong = complaints(language, (key, text) => {
				if (!key.startsWith('status.')) return undefined;
				const filled = text.replace(/__(\w+?)__/g, (_, name: string) => {
					assert.ok(SAMPLES[name], `${key}: a sample for __${name}__`);
					return SAMPLES[name];
				});
				return [...filled].length > STATUS_LENGTH && filled;
			});
			assert.deepEqual(wrong, []);
		});
	});

for (const language of LANGUAGES)
	describe(`the translation to ${language}`, () => {
		const letters = LETTERS[language] ?? /(?:)/;

		it('leaves no text as it is in English, but for names and words that are the same', () => {
			const wrong = complaints(language, (_key, text, english) => {
				if (isShared(language, text)) return undefined;
				return (text === english || !letters.test(text)) && text;
			});
			assert.deepEqual(wrong, []);
		});

		it('lists no word as the same that it does not have', () => {
			const found = new Set(NODE_SETS.flatMap((set) => [...catalogue(set, language).values()]));
			const needless = (SHARED[language] ?? []).filter((word) => !found.has(word));
			assert.deepEqual(needless, []);
		});
	});

for (const language of LANGUAGES)
	describe(`the help in ${language}`, () => {
		for (const set of NODE_SETS) {
			it(`of ${set} is built as the English one`, () => {
				const { tags, blocks } = help(set, language);
				const english = help(set, ENGLISH);
				const at = english.blocks.findIndex(({ tag }, at) => blocks[at]?.tag !== tag);
				const other = `${blocks[at]?.tag}: ${blocks[at]?.text}`;
				assert.ok(at < 0, `${english.blocks[at]?.tag}: ${english.blocks[at]?.text}, and there ${other}`);
				assert.deepEqual(tags, english.tags);
			});

			it(`of ${set} has the same names, codes, values and addresses in each place`, () => {
				const { blocks } = help(set, language);
				help(set, ENGLISH).blocks.forEach((english, at) => {
					const { text, type, codes, links, italics } = blocks[at] ?? english;
					const place = `${text} (${english.text})`;
					assert.deepEqual(codes, english.codes, place);
					assert.deepEqual(links, english.links, place);
					assert.equal(italics.length, english.italics.length, place);
					if (isJsTypes(english.type)) assert.equal(count(type, '|'), count(english.type, '|'), place);
					else assert.equal(type, english.type, place);
					if (isCode(english)) assert.equal(text, english.text);
				});
			});

			it(`of ${set} calls fields of the dialog what the dialog calls them`, () => {
				const { blocks } = help(set, language);
				const terms = new Terms(set, language);
				help(set, ENGLISH).blocks.forEach((english, at) => {
					const { text, italics } = blocks[at] ?? english;
					if (/^(dt|h3|h4)/.test(english.tag) && !isCode(english)) terms.check(english.text, [text]);
					for (const italic of english.italics) terms.check(italic, italics);
				});
			});

			it(`of ${set} is translated`, () => {
				const { blocks } = help(set, language);
				const wrong = help(set, ENGLISH).blocks.flatMap((english, at) => {
					const text = blocks[at]?.text ?? '';
					const isProse = /^(p|dd|h3)/.test(english.tag) && /[a-z]{3}/.test(english.text);
					const isName = NAMES.has(english.text) || english.text === 'AssemblyAI';
					if (english.text !== '' && text === '') return [`nothing for: ${english.text}`];
					const isLeft = text === english.text || !(LETTERS[language] ?? /(?:)/).test(text);
					return isProse && isLeft && !isName && !SAME_HEADINGS.has(`${language} ${text}`) ? [text] : [];
				});
				assert.deepEqual(wrong, []);
			});
		}
	});

const SAME_HEADINGS = new Set(['de Details']);
/** Properties of messages and codes of errors. */
const isCode = ({ tag, text }: HelpBlock) =>
	tag.startsWith('dt') && /^([a-z][\w.]*(, )?)+$|^[A-Z_]+$/.test(text);
const count = (text: string, part: string) => text.split(part).length;
const isJsTypes = (type: string) =>
	type.split(' | ').every((name) => /^(boolean|number|string|object|any|buffer)?$/i.test(name));

/** The dialog's names for its fields, in English and in another language. */
class Terms {
	readonly #byEnglish = new Map<string, Set<string>>();

	constructor(set: NodeSet, language: string) {
		const texts = catalogue(set, language);
		const isTerm =
			/^(label|secret|modelLabel|provider|connection\.test$|models\.title$)|^option\.\w+\.(label|auto)$/;
		for (const [key, english] of catalogue(set, ENGLISH)) {
			if (!isTerm.test(key)) continue;
			const words = this.#byEnglish.get(english.toLowerCase()) ?? new Set();
			this.#byEnglish.set(english.toLowerCase(), words.add(texts.get(key)?.toLowerCase() ?? ''));
		}
	}

	/** @param found one of these is to be the dialog's word, if English has the dialog's word there */
	check(english: string, found: readonly string[]): void {
		const wanted = this.#byEnglish.get(english.toLowerCase());
		if (!wanted) return;
		const fits = found.some((text) => wanted.has(text.toLowerCase()));
		assert.ok(fits, `${english}: ${found} instead of ${[...wanted]}`);
	}
}

describe('what the nodes ask of their catalogues', () => {
	for (const set of NODE_SETS) {
		const usage = new Usage(set);
		const keys = [...catalogue(set, ENGLISH).keys()];
		const exists = (key: string) => keys.some((known) => known === key || known.startsWith(`${key}.`));

		it(`${set}: no key is unused`, () => {
			assert.deepEqual(
				keys.filter((key) => !usage.uses(key)),
				[],
			);
		});

		it(`${set}: no key is missing`, () => {
			const wanted = [...usage.demanded(), ...(set === 'stt-stream' ? demandedByKinds() : [])];
			assert.ok(wanted.length > 30, `only ${wanted.length} were found`);
			assert.deepEqual(
				wanted.filter((key) => !exists(key)),
				[],
			);
		});

		it(`${set}: each error that it makes has a status, and its code is in the help`, () => {
			const codes = usage.errorCodes();
			assert.ok(codes.length > 3);
			const explained = help(set, ENGLISH).blocks.map(({ text }) => text);
			for (const code of codes) {
				assert.ok(keys.includes(`status.code.${code}`), code);
				assert.ok(explained.includes(code), code);
			}
		});
	}
});
