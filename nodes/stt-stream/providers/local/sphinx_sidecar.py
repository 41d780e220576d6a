"""Speech recognition with python3-pocketsphinx (0.1.15, Debian): PCM on stdin, one JSON object a line on stdout.

stdin:  mono s16le at 16 kHz, until end of file.
stdout: {"type": "ready"} once the model is loaded, then
        {"type": "speech", "at": ms}
        {"type": "partial", "text", "start": ms, "end": ms}
        {"type": "final", "text", "start": ms, "end": ms, "words": [{"text", "start": ms, "end": ms, "prob"}]}
Times count from the first sample. An utterance ends after half a second of silence, or at the end of file.
`--probe` exits 0 if the module is there and is the one that this program is written for.
"""

import argparse
import json
import re
import sys

SAMPLE_RATE = 16000
BLOCK_BYTES = 640  # 20 ms: short enough that no pause goes unseen between two looks at the detector
BLOCK_MS = BLOCK_BYTES * 1000 // (SAMPLE_RATE * 2)
PARTIAL_BLOCKS = 5
# Without a pause (music, a crowd) an utterance would grow for ever.
UTTERANCE_MAX_MS = 30000
# vad_startspeech and vad_prespeech: an utterance begins so long before the detector says so.
ONSET_MS = 300
FRAME_MS = 10
FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+|\(NULL\))$")
VARIANT = re.compile(r"\(\d+\)$")


def emit(kind, **fields):
    print(json.dumps({"type": kind, **fields}), flush=True)


def make_decoder(arguments):
    from pocketsphinx import Decoder

    config = Decoder.default_config()
    config.set_string("-hmm", arguments.hmm)
    config.set_string("-dict", arguments.dict)
    if arguments.jsgf:
        config.set_string("-jsgf", arguments.jsgf)
    else:
        config.set_string("-lm", arguments.lm)
    config.set_int("-vad_postspeech", arguments.end_silence // FRAME_MS)
    config.set_float("-vad_threshold", arguments.vad_threshold)
    return Decoder(config)


def words_of(decoder):
    exponential = decoder.get_logmath().exp
    return [
        {
            "text": VARIANT.sub("", segment.word),
            "start": segment.start_frame * FRAME_MS,
            "end": (segment.end_frame + 1) * FRAME_MS,
            "prob": round(min(1.0, exponential(segment.prob)), 3),
        }
        for segment in decoder.seg()
        if not FILLER.match(segment.word)
    ]


class Recogniser:
    def __init__(self, decoder):
        self.decoder = decoder
        self.blocks = 0
        self.began = None  # ms at which the utterance began, None outside of one
        self.partial = ""
        decoder.start_stream()
        decoder.start_utt()

    @property
    def now(self):
        return self.blocks * BLOCK_MS

    def feed(self, block):
        self.decoder.process_raw(block, False, False)
        self.blocks += 1
        if self.decoder.get_in_speech():
            if self.began is None:
                self.began = max(0, self.now - ONSET_MS)
            if self.blocks % PARTIAL_BLOCKS == 0:
                self.show_partial()
            if self.now - self.began >= UTTERANCE_MAX_MS:
                self.next_utterance()
        elif self.began is not None:
            self.next_utterance()

    def show_partial(self):
        hypothesis = self.decoder.hyp()
        text = hypothesis.hypstr if hypothesis else ""
        if not text or text == self.partial:
            return
        if not self.partial:
            # Told only with the first words: noise also makes the detector say "speech".
            emit("speech", at=self.began)
        self.partial = text
        emit("partial", text=text, start=self.began, end=self.now)

    def next_utterance(self):
        self.end_utterance()
        self.decoder.start_utt()

    def end_utterance(self):
        self.decoder.end_utt()
        hypothesis = self.decoder.hyp()
        text = hypothesis.hypstr if hypothesis else ""
        words = words_of(self.decoder) if text else []
        if words:
            if not self.partial:
                emit("speech", at=words[0]["start"])
            emit("final", text=text, start=words[0]["start"], end=words[-1]["end"], words=words)
        self.began = None
        self.partial = ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--probe", action="store_true")
    for name in ("hmm", "dict", "lm", "jsgf"):
        parser.add_argument("--" + name)
    parser.add_argument("--end-silence", type=int, default=500)
    parser.add_argument("--vad-threshold", type=float, default=2.0)
    arguments = parser.parse_args()
    if arguments.probe:
        from pocketsphinx import Decoder

        # Release 5 has no detector of its own inside the decoder.
        sys.exit(0 if hasattr(Decoder, "get_in_speech") else 1)
    recogniser = Recogniser(make_decoder(arguments))
    emit("ready")
    while True:
        block = sys.stdin.buffer.read(BLOCK_BYTES)
        block = block[: len(block) - len(block) % 2]
        if not block:
            break
        recogniser.feed(block)
    recogniser.end_utterance()


if __name__ == "__main__":
    main()
