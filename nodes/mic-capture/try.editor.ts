import { type Attempt, attempt, showState, type Translate, wordsOf } from '../../lib/editor/try.ts';

const SETTINGS = ['source', 'device', 'sampleRate', 'channels', 'framesPerBuffer'];
/** dBFS at the left end of the meter. */
const QUIETEST = -72;
/** Between these a voice is well recorded. */
const LOUD = -3;

type What = 'meter' | 'record';

const percent = (db: number): string => `${(100 * Math.min(1, Math.max(0, 1 - db / QUIETEST))).toFixed(1)}%`;
const shown = (db: number): string => db.toFixed(1);

/** Level meter and three seconds to listen to, of the microphone as the dialog has it. Returns what ends them. */
export function offerTries(_: Translate): () => void {
	const buttons: Record<What, JQuery> = { meter: $('#mic-capture-meter'), record: $('#mic-capture-record') };
	const state = $('.mic-capture-try-state');
	const scale = $('.mic-capture-level');
	const player = $('.mic-capture-recording');
	let running: { what: What; attempt: Attempt<unknown> } | undefined;
	let recording = '';

	function stop(): void {
		running?.attempt.stop();
		running = undefined;
		for (const [what, button] of Object.entries(buttons)) {
			button.find('i').attr('class', what === 'meter' ? 'fa fa-bar-chart' : 'fa fa-circle');
			button.find('span').text(_(`mic-capture.try.${what}`));
		}
	}
	function forget(): void {
		if (recording) URL.revokeObjectURL(recording);
		recording = '';
		player.hide().removeAttr('src');
	}
	function clear(): void {
		stop();
		forget();
		scale.hide();
		showState(state, '');
	}

	function begin<T>(what: What, made: Attempt<T>, done: (answer: T) => void): void {
		const mine = { what, attempt: made };
		running = mine;
		buttons[what].find('i').attr('class', 'fa fa-stop');
		buttons[what].find('span').text(_('mic-capture.try.stop'));
		showState(state, _(`mic-capture.try.${what}Running`));
		const over = (act: () => void) => {
			if (running !== mine) return;
			stop();
			act();
		};
		made.done.then(
			(answer) => over(() => done(answer)),
			(thrown) =>
				over(() => {
					scale.hide();
					showState(state, wordsOf(thrown), true);
				}),
		);
	}

	const settings = () => Object.fromEntries(SETTINGS.map((name) => [name, $(`#node-input-${name}`).val()]));

	function meter(): void {
		const progress = (text: string) => {
			const level = lastLine(text);
			if (level?.rms === undefined || level.peak === undefined) return;
			showState(state, _('mic-capture.try.level', { rms: shown(level.rms), peak: shown(level.peak) }));
			scale.show().attr({ 'aria-valuenow': level.rms });
			scale.find('.mic-capture-level-rms').css('width', percent(level.rms));
			scale.find('.mic-capture-level-peak').css('left', percent(level.peak));
			scale.toggleClass('mic-capture-level-loud', level.peak > LOUD);
		};
		begin<string>('meter', attempt('mic-capture/meter', settings(), _, { progress }), (text) => {
			scale.hide();
			const { message, code } = lastLine(text) ?? {};
			if (message) showState(state, `${message} (${code})`, true);
			else showState(state, _('mic-capture.try.meterOver'));
		});
	}

	function record(): void {
		forget();
		begin<Blob>('record', attempt('mic-capture/record', settings(), _, { binary: true }), (wav) => {
			recording = URL.createObjectURL(wav);
			player.attr('src', recording).show();
			showState(state, _('mic-capture.try.recorded'));
			// Browsers may want a click for each sound; the player is there then.
			(player[0] as HTMLAudioElement).play().catch(() => {});
		});
	}

	for (const [what, act] of Object.entries({ meter, record }))
		buttons[what as What].on('click', () => {
			const before = running?.what;
			stop();
			scale.hide();
			showState(state, '');
			if (before !== what) act();
		});

	const threshold = $('#node-input-silenceThresholdDb');
	const mark = () => {
		const text = String(threshold.val()).trim();
		const db = Number(text || -45);
		scale
			.find('.mic-capture-level-threshold')
			.css('left', percent(db))
			.toggle(db <= 0);
	};
	threshold.on('input change', mark);
	mark();
	// Of another microphone it would say nothing.
	$('#node-input-source, #node-input-device, #node-input-sampleRate, #node-input-channels').on(
		'change',
		clear,
	);
	return clear;
}

/** The last line that is whole. */
function lastLine(
	text: string,
): { rms?: number; peak?: number; code?: string; message?: string } | undefined {
	const line = text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1);
	return line ? JSON.parse(line) : undefined;
}
