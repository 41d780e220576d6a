/** A model that can be downloaded by its name. Only facts that a source says; what none says is absent. */
export interface CatalogueEntry {
	/** The name of the publisher's archive without `.tar.bz2`, and of the model's folder; or of a single .onnx file. */
	readonly name: string;
	/** BCP 47 primary tags; none for what detects speech in any language. */
	readonly languages: readonly string[];
	readonly kind: 'transducer' | 'nemo-transducer' | 'zipformer2-ctc' | 't-one-ctc' | 'speech-detector';
	/** Size of the archive; `exact` sizes are checked. */
	readonly bytes: number | undefined;
	readonly exact: boolean;
	/** Of the archive. */
	readonly sha256: string | undefined;
	/** As its publisher states it. */
	readonly licence: string | undefined;
	/** What to know before choosing it: one of `NOTES`. */
	readonly note: ModelNote | undefined;
	/** Where these facts are from. */
	readonly sources: readonly string[];
	/** Its place in the catalogue: the recommended model of each language stands before its others. */
	readonly rank: number;
}

/** For a terminal; in the editor the texts are those of the catalogue of its language, `models.note.…`. */
export const NOTES = {
	small: 'small and fast; lower accuracy than the larger ones',
	licence:
		'licence unclear (huggingface.co/Banafo/Kroko-ASR); github.com/kroko-ai calls its community models CC-BY-SA',
	telephony: 'made for telephony: hears 8 kHz',
	large: 'large: 600 million parameters; for a PC',
	detector: 'for the option "vad": silence then costs no recognition',
} as const;
export type ModelNote = keyof typeof NOTES;

/** Where the archives are, as all documentation of sherpa-onnx says. */
export const DEFAULT_BASE = 'https://github.com/k2-fsa/sherpa-onnx/releases/download/asr-models';
/** The environment variable with another address. */
export const MIRROR_VARIABLE = 'NODE_RED_VOICE_MODELS_MIRROR';
/** The file beside the archives with a line "name sha256" for each (k2-fsa/sherpa-onnx, workflow checksum.yaml). */
export const CHECKSUM_FILE = 'checksum.txt';

const DOCS = 'https://k2-fsa.github.io/sherpa/onnx/pretrained_models';
const ZIPFORMER = `${DOCS}/online-transducer/zipformer-transducer-models.html`;
/** How the publisher makes archives of others' models. */
const UPLOADS = 'https://github.com/k2-fsa/sherpa-onnx/blob/master/.github/workflows/upload-models.yaml';
const KROKO = [UPLOADS, 'https://huggingface.co/Banafo/Kroko-ASR', 'https://github.com/kroko-ai'];

type Facts = Pick<CatalogueEntry, 'name' | 'languages' | 'kind' | 'sources'> & {
	/** Size to the byte, which several projects state alike; or else about. */
	exactBytes?: number;
	aboutBytes?: number;
	sha256?: string;
	licence?: string;
	note?: ModelNote;
};

// The checksums are those of the release's checksum.txt as projects that verify these archives have pinned them
// (read in August to November 2026). All others are looked up in that file when a model is downloaded.
const MODELS: readonly Facts[] = [
	{
		name: 'sherpa-onnx-streaming-zipformer-en-20M-2023-02-17',
		languages: ['en'],
		kind: 'transducer',
		exactBytes: 127_887_156,
		sha256: '9c559283e8498d3fe95913c79ca1cb454bb26281ac2b102b41306c7d752765d9',
		licence: 'Apache-2.0',
		note: 'small',
		sources: [
			ZIPFORMER,
			'https://huggingface.co/desh2608/icefall-asr-librispeech-pruned-transducer-stateless7-streaming-small',
		],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-en-kroko-2025-08-06',
		languages: ['en'],
		kind: 'transducer',
		exactBytes: 57_267_600,
		sha256: 'c8676e5ff9ac2a85296e53ee0fd4d5fb1db6770e7a7647166eeafe349ade6834',
		note: 'licence',
		sources: KROKO,
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-en-2023-06-26',
		languages: ['en'],
		kind: 'transducer',
		aboutBytes: 310_000_000,
		sha256: '639e25b578e9e997131402199419c13a941f8e4e198e2da1ce57dbf5cf401282',
		sources: [ZIPFORMER],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-de-kroko-2025-08-06',
		languages: ['de'],
		kind: 'transducer',
		aboutBytes: 57_000_000,
		sha256: '9e27b783c20e67b0d0f13a258c1861fce199917c969d9176a438bee38df64962',
		note: 'licence',
		sources: KROKO,
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-es-kroko-2025-08-06',
		languages: ['es'],
		kind: 'transducer',
		exactBytes: 124_394_665,
		sha256: '31b2230a95d23290b308b393da930015a4b2105cb3abb9367aed35f7fcf29cf1',
		note: 'licence',
		sources: KROKO,
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-fr-2023-04-14',
		languages: ['fr'],
		kind: 'transducer',
		aboutBytes: 398_000_000,
		sha256: '77d4cbd61dcfa55fd2c14efc0ce5c6798be5931c05f35df5bab60c921950bb8c',
		licence: 'Apache-2.0',
		sources: [
			ZIPFORMER,
			'https://huggingface.co/shaojieli/icefall-asr-commonvoice-fr-pruned-transducer-stateless7-streaming-2023-04-02',
		],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-fr-kroko-2025-08-06',
		languages: ['fr'],
		kind: 'transducer',
		aboutBytes: 57_000_000,
		sha256: 'e6ffd3dc43725cd6c8137b05c739f15607d0df946b9b90eb141e10059efca024',
		note: 'licence',
		sources: KROKO,
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-small-ru-vosk-int8-2025-08-16',
		languages: ['ru'],
		kind: 'transducer',
		exactBytes: 24_110_855,
		sha256: '6ba68a01ff3c5445aaf2d61e9b97b026f1149dcc9049d11af3f44f55176341d8',
		licence: 'Apache-2.0',
		sources: [UPLOADS, 'https://huggingface.co/alphacep/vosk-model-small-streaming-ru'],
	},
	{
		name: 'sherpa-onnx-streaming-t-one-russian-2025-09-08',
		languages: ['ru'],
		kind: 't-one-ctc',
		exactBytes: 128_468_156,
		sha256: 'b9c907450e99a6e5049e279bf18368a17db0bdc5e63b7fa978943138debbe3ae',
		licence: 'Apache-2.0',
		note: 'telephony',
		sources: [`${DOCS}/online-ctc/t-one-ctc-models.html`, 'https://huggingface.co/t-tech/T-one'],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-small-ctc-zh-int8-2025-04-01',
		languages: ['zh'],
		kind: 'zipformer2-ctc',
		exactBytes: 21_264_113,
		sha256: 'b3b309f7ce4a737195fcc6963ea19b0653a7d3401580af5ae0d3e284cbb71f0b',
		sources: [`${DOCS}/online-ctc/zipformer-ctc-models.html`],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-small-bilingual-zh-en-2023-02-16',
		languages: ['zh', 'en'],
		kind: 'transducer',
		licence: 'Apache-2.0',
		sources: [ZIPFORMER, 'https://huggingface.co/csukuangfj/k2fsa-zipformer-bilingual-zh-en-t'],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-korean-2024-06-16',
		languages: ['ko'],
		kind: 'transducer',
		aboutBytes: 418_000_000,
		sources: [ZIPFORMER],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-bn-vosk-2026-02-09',
		languages: ['bn'],
		kind: 'transducer',
		sources: [ZIPFORMER],
	},
	{
		name: 'sherpa-onnx-streaming-zipformer-ar_en_id_ja_ru_th_vi_zh-2025-02-10',
		languages: ['ar', 'en', 'id', 'ja', 'ru', 'th', 'vi', 'zh'],
		kind: 'transducer',
		aboutBytes: 259_000_000,
		sources: [
			'https://github.com/k2-fsa/sherpa-onnx/blob/master/.github/workflows/export-peng-cheng-starling.yaml',
		],
	},
	{
		name: 'sherpa-onnx-nemotron-3.5-asr-streaming-0.6b-560ms-int8-2026-06-11',
		languages:
			'en es de fr it ar ja ko pt ru hi zh vi he nl cs da pl no sv th tr bg el et fi hr hu lt lv ro sk uk mt sl'.split(
				' ',
			),
		kind: 'nemo-transducer',
		exactBytes: 475_271_763,
		sha256: 'c6bf5e0df765f9d5b43bc9e0536d4b4b3e7d40bdf5ecf13e45f134c51c05ae3a',
		licence: 'OpenMDW-1.1',
		note: 'large',
		sources: [
			'https://github.com/k2-fsa/sherpa-onnx/tree/master/scripts/nemo/nemotron-3.5-asr-streaming-0.6b',
			'https://huggingface.co/nvidia/nemotron-3.5-asr-streaming-0.6b',
		],
	},
	{
		name: 'silero_vad.onnx',
		languages: [],
		kind: 'speech-detector',
		exactBytes: 643_854,
		sha256: '9e2449e1087496d8d4caba907f23e0bd3f78d91fa552479bb9c23ac09cbb1fd6',
		licence: 'MIT',
		note: 'detector',
		sources: [
			'https://k2-fsa.github.io/sherpa/onnx/vad/index.html',
			'https://huggingface.co/onemira/silero-vad-onnx',
		],
	},
];

export const CATALOGUE: readonly CatalogueEntry[] = MODELS.map(
	({ exactBytes, aboutBytes, sha256, licence, note, ...facts }, rank) => ({
		...facts,
		bytes: exactBytes ?? aboutBytes,
		exact: exactBytes !== undefined,
		sha256,
		licence,
		note,
		rank,
	}),
);

export function catalogueEntry(name: string): CatalogueEntry | undefined {
	return CATALOGUE.find((entry) => entry.name === name);
}

/** May this model understand the language (BCP 47; '' = any)? True for a model that nothing is known about. */
export function speaks(name: string, language: string): boolean {
	const wanted = primaryTag(language);
	const languages = catalogueEntry(name)?.languages;
	return wanted === '' || languages === undefined || languages.includes(wanted);
}

/** The model to recommend for a language: one of its own, else one that has it among others. */
export function recommended(language: string): CatalogueEntry | undefined {
	const wanted = primaryTag(language);
	return (
		CATALOGUE.find(({ languages }) => languages[0] === wanted && languages.length < 3) ??
		CATALOGUE.find(({ languages }) => languages.includes(wanted))
	);
}

/** "de" of "de-DE". */
export const primaryTag = (language: string) => language.toLowerCase().split(/[-_]/)[0] ?? '';
