import { type Attempt, attempt, wordsOf } from '../../../lib/editor/try.ts';
import type { ConnectionAnswer } from '../connection-answer.ts';
import type { Translate } from './options.editor.ts';

type Accepted = Extract<ConnectionAnswer, { ok: true }>;

/** How a test stands, and the icon for it. */
const ICONS = { running: 'fa-spinner fa-spin', good: 'fa-check-circle', bad: 'fa-times-circle' } as const;
type State = keyof typeof ICONS;

/** What the button tests, with the settings as the dialog has them. Its route is that of connection-routes.ts. */
export class ConnectionTest {
	readonly #button = $('#stt-provider-connection-button');
	readonly #state = $('#stt-provider-connection-state');
	readonly #settings: () => object;
	readonly #translate: Translate;
	#running: Attempt<string> | undefined;
	/** The settings of which the result tells, as JSON. */
	#tested = '';

	constructor(settings: () => object, translate: Translate) {
		this.#settings = settings;
		this.#translate = translate;
		this.#button.on('click', () => (this.#running ? this.#forget() : this.#begin()));
		// After the fields themselves have seen it: about other settings a result says nothing.
		this.#button.closest('.stt-dialog').on('input change click', () => {
			if (this.#tested && this.#tested !== JSON.stringify(settings())) this.#forget();
		});
		this.#forget();
	}

	close(): void {
		this.#running?.stop();
		this.#running = undefined;
	}

	#begin(): void {
		const settings = this.#settings();
		this.#tested = JSON.stringify(settings);
		// Words of the library for those who may not, and for no answer, are under "try" with all nodes.
		const mine = attempt<string>('stt-stream/connection', settings, (key) =>
			this.#translate(key.replace('stt-stream.', '')),
		);
		this.#running = mine;
		this.#showButton();
		this.#show('running', this.#translate('connection.running'));
		const over = (state: State, words: string) => {
			if (this.#running !== mine) return;
			this.#running = undefined;
			this.#showButton();
			this.#show(state, words);
		};
		mine.done
			.then((text) => {
				const answer = JSON.parse(text) as ConnectionAnswer;
				if (answer.ok) over('good', this.#wordsOf(answer));
				else over('bad', `${answer.message} (${answer.code})`);
			})
			.catch((thrown) => over('bad', wordsOf(thrown)));
	}

	#wordsOf({ ms, peer = '', region, engine }: Accepted): string {
		if (engine) return this.#translate('connection.loaded', { ...engine, ms });
		const where = region ? `${peer} (${region.length === 2 ? region.toUpperCase() : region})` : peer;
		return this.#translate('connection.accepted', { peer: where, ms });
	}

	#forget(): void {
		this.close();
		this.#tested = '';
		this.#showButton();
		this.#state.empty().hide();
	}

	#showButton(): void {
		const isRunning = this.#running !== undefined;
		this.#button.find('i').attr('class', `fa ${isRunning ? 'fa-stop' : 'fa-plug'}`);
		this.#button.find('span').text(this.#translate(`connection.${isRunning ? 'stop' : 'test'}`));
	}

	#show(state: State, words: string): void {
		const icon = $('<i aria-hidden="true">').addClass(`fa ${ICONS[state]}`);
		this.#state.attr('class', `stt-connection-${state}`).empty().append(icon, $('<span>').text(words)).show();
	}
}
