import { type Attempt, attempt, showState, type Translate, wordsOf } from '../../lib/editor/try.ts';

const SETTINGS = ['backend', 'device', 'framesPerBuffer', 'volume'];

/** The button that plays a chime on the device as the dialog has it. Returns what ends it. */
export function offerTestTone(_: Translate): () => void {
	const button = $('#audio-play-tone');
	const state = $('.audio-play-tone-state');
	let running: Attempt<string> | undefined;

	const stop = () => {
		running?.stop();
		running = undefined;
		button.find('i').attr('class', 'fa fa-play');
		button.find('span').text(_('audio-play.try.tone'));
	};
	button.on('click', () => {
		if (running) {
			stop();
			showState(state, '');
			return;
		}
		const settings = Object.fromEntries(SETTINGS.map((name) => [name, $(`#node-input-${name}`).val()]));
		const mine = attempt<string>('audio-play/tone', settings, _);
		running = mine;
		button.find('i').attr('class', 'fa fa-stop');
		button.find('span').text(_('audio-play.try.stop'));
		showState(state, _('audio-play.try.playing'));
		const over = (words: string, problem = false) => {
			if (running !== mine) return;
			stop();
			showState(state, words, problem);
		};
		mine.done.then(
			() => over(_('audio-play.try.played')),
			(thrown) => over(wordsOf(thrown), true),
		);
	});
	// Of another device it would say nothing.
	$('#node-input-backend, #node-input-device').on('change', () => {
		stop();
		showState(state, '');
	});
	return stop;
}
