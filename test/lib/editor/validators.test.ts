import assert from 'node:assert/strict';
import { it } from 'node:test';
import { editorDefinitions } from '../../flows/editor-definitions.ts';

// lib/editor is compiled into the templates only: judged by what they register.
it('every number of a dialog may be empty, an environment variable, or in its range', () => {
	const of = (type: string, name: string, others = {}) => {
		const { validate } = editorDefinitions().get(type)!.defaults[name]!;
		// A reason is not a yes.
		return (value: unknown) => validate!.call(others, value) === true;
	};
	const whole = of('mic-capture', 'sampleRate');
	for (const value of [1000, '1000', ' 48000 ', 384_000, '', undefined, `\${RATE}`])
		assert.equal(whole(value), true, String(value));
	for (const value of [999, 384_001, '16000.5', 'fast', 'NaN', '-16000', '$RATE', `a \${RATE}`])
		assert.equal(whole(value), false, String(value));
	const broken = of('mic-capture', 'silenceThresholdDb', { silenceStopMs: 500 });
	assert.deepEqual([-120, '-45.5', 0, -121, 1].map(broken), [true, true, true, false, false]);
	for (const [type, name, most] of [
		['button-trigger', 'debounceMs', 1000],
		['audio-play', 'volume', 100],
		['stt-stream', 'streamIdleMs', 3_600_000],
	] as const) {
		const valid = of(type, name);
		assert.deepEqual([0, most, '', -1, most + 1].map(valid), [true, true, true, false, false], name);
	}
});
