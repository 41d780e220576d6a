// Trying a device from a dialog, before it is deployed: what lib/node/tries.ts serves.

export type Translate = (key: string, values?: Record<string, string>) => string;

/** Why a try did not succeed, in words for whoever reads the dialog. */
export class TryProblem extends Error {
	/** As a Catch node would get it; '' if nobody answered. */
	readonly code: string;

	constructor(message: string, code = '') {
		super(message);
		this.code = code;
	}
}

export interface Attempt<T> {
	/** Rejects with a TryProblem; never settles once it was stopped. */
	readonly done: Promise<T>;
	/** Node-RED lets the device go. Safe to call at any time. */
	stop(): void;
}

interface Wanted {
	/** How the answer comes; text if not set. */
	binary?: boolean;
	/** Called with all of the text that has come so far, whenever more comes. */
	progress?: (text: string) => void;
}

/**
 * Asks Node-RED to try something, with the settings as they stand in the dialog.
 * @param path `<type>/<name>`; the messages are the catalogue's `<type>.try.…`
 */
export function attempt<T>(path: string, settings: object, _: Translate, wanted: Wanted = {}): Attempt<T> {
	let native: XMLHttpRequest | undefined;
	let stopped = false;
	const request = $.ajax({
		url: `voice/${path}`,
		method: 'POST',
		contentType: 'application/json',
		data: JSON.stringify(settings),
		dataType: wanted.binary ? 'binary' : 'text',
		// Beside jQuery's own: its events, and the answer of a failure as bytes.
		xhr: () => {
			native = new XMLHttpRequest();
			if (wanted.binary) native.responseType = 'blob';
			native.onprogress = () => {
				if (native?.status === 200 && !stopped && wanted.progress) wanted.progress(native.responseText);
			};
			return native;
		},
	} as JQuery.AjaxSettings);
	const type = path.split('/')[0] ?? '';
	const done = new Promise<T>((resolve, reject) => {
		request.then(
			(answer) => {
				if (!stopped) resolve(answer as T);
			},
			async (failed: JQuery.jqXHR) => {
				if (stopped) return;
				const text = wanted.binary
					? await (native?.response as Blob | null)?.text().catch(() => '')
					: failed.responseText;
				reject(problemOf(failed.status, text ?? '', type, _));
			},
		);
	});
	return {
		done,
		stop() {
			stopped = true;
			request.abort();
		},
	};
}

function problemOf(status: number, text: string, type: string, _: Translate): TryProblem {
	if (status === 401 || status === 403) return new TryProblem(_(`${type}.try.forbidden`));
	const { message, code } = parsed(text);
	return message ? new TryProblem(message, code) : new TryProblem(_(`${type}.try.noAnswer`));
}

function parsed(text: string): { message?: string; code?: string } {
	try {
		return JSON.parse(text) as { message?: string; code?: string };
	} catch {
		return {};
	}
}

/** Shows how a try stands: words, or a problem with its code. */
export function showState(element: JQuery, words: string, problem = false): void {
	element.toggleClass('form-tips', problem).css({ 'margin-top': problem ? '6px' : '' });
	element.text(words).toggle(words !== '');
}

/** A problem's words, with the code that a Catch node gets. */
export const wordsOf = (thrown: unknown): string => {
	if (!(thrown instanceof TryProblem)) return String(thrown);
	return thrown.code ? `${thrown.message} (${thrown.code})` : thrown.message;
};
