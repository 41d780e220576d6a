"""Hold to talk, hear it back, as one is taught to: poll the button, then open the microphone, then play it all."""
import io
import sys
import time
import wave

import pyaudio

from microphone import device_index, wait_for_start

button, rate, frames = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
audio = pyaudio.PyAudio()
microphone, speaker = device_index(audio, "vmic"), device_index(audio, "vspk")


def is_pressed():
    with open(button) as value:
        return value.read().strip() == "1"


def record():
    stream = audio.open(format=pyaudio.paInt16, channels=1, rate=rate, input=True,
                        input_device_index=microphone, frames_per_buffer=frames)
    pieces = []
    while is_pressed():
        pieces.append(stream.read(frames, exception_on_overflow=False))
    stream.stop_stream()
    stream.close()
    memory = io.BytesIO()
    with wave.open(memory, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(b"".join(pieces))
    memory.seek(0)
    return memory


def play(memory):
    with wave.open(memory, "rb") as recording:
        stream = audio.open(format=pyaudio.paInt16, channels=1, rate=rate, output=True,
                            output_device_index=speaker, frames_per_buffer=frames)
        piece = recording.readframes(frames)
        while piece:
            stream.write(piece)
            piece = recording.readframes(frames)
        stream.stop_stream()
        stream.close()


wait_for_start()
while True:
    while not is_pressed():
        time.sleep(0.1)
    play(record())
