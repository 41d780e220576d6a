/** A model that can be downloaded by its name. Only facts that a source says; what none says is absent. */
export interface CatalogueEntry {
	/** The upstream name of the archive without `.tar.bz2`, and the name of the model's folder. */
	readonly name: string;
	/** BCP 47 primary tags. */
	readonly languages: readonly string[];
	/** Its place in the catalogue. */
	readonly rank: number;
}

const MODELS: readonly Omit<CatalogueEntry, 'rank'>[] = [
	{ name: 'sherpa-onnx-streaming-zipformer-en-20M-2023-02-17', languages: ['en'] },
	{ name: 'sherpa-onnx-streaming-zipformer-small-ru-vosk-int8-2025-08-16', languages: ['ru'] },
];

/** All models, the recommended one of each language before its others. */
export const CATALOGUE: readonly CatalogueEntry[] = MODELS.map((entry, rank) => ({ ...entry, rank }));

export function catalogueEntry(name: string): CatalogueEntry | undefined {
	return CATALOGUE.find((entry) => entry.name === name);
}

/** May this model understand the language (BCP 47; '' = any)? True for a model that nothing is known about. */
export function speaks(name: string, language: string): boolean {
	const [primary = ''] = language.toLowerCase().split(/[-_]/);
	const languages = catalogueEntry(name)?.languages;
	return primary === '' || languages === undefined || languages.includes(primary);
}
