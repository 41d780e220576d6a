"""The microphone alone, read and thrown away: what capture costs in each of the scripts."""
import sys

import pyaudio

from microphone import device_index, wait_for_start

rate, frames = int(sys.argv[1]), int(sys.argv[2])

audio = pyaudio.PyAudio()
device = device_index(audio, "vmic")
wait_for_start()
stream = audio.open(format=pyaudio.paInt16, channels=1, rate=rate, input=True,
                    input_device_index=device, frames_per_buffer=frames)
while True:
    stream.read(frames, exception_on_overflow=False)
