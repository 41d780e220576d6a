"""Live transcription over a WebSocket, as one is taught to: two coroutines, and a microphone that blocks them both."""
import asyncio
import base64
import json
import sys

import pyaudio
import websockets

from microphone import device_index, wait_for_start

url, key, rate, frames = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

audio = pyaudio.PyAudio()
device = device_index(audio, "vmic")
wait_for_start()
microphone = audio.open(format=pyaudio.paInt16, channels=1, rate=rate, input=True,
                        input_device_index=device, frames_per_buffer=frames)


async def transcribe():
    async with websockets.connect(url, extra_headers={"Authorization": key},
                                  ping_interval=5, ping_timeout=20) as socket:
        await socket.recv()  # the session has begun

        async def send():
            while True:
                try:
                    # On overflow it goes on, which is kinder than the default.
                    pcm = microphone.read(frames, exception_on_overflow=False)
                    await socket.send(json.dumps({"audio_data": base64.b64encode(pcm).decode("ascii")}))
                except websockets.exceptions.ConnectionClosed as closed:
                    assert closed.code == 4008, f"the connection was closed with {closed.code}"
                    return
                await asyncio.sleep(0.01)

        async def receive():
            while True:
                try:
                    print(json.loads(await socket.recv()).get("text", ""), flush=True)
                except websockets.exceptions.ConnectionClosed as closed:
                    assert closed.code == 4008, f"the connection was closed with {closed.code}"
                    return

        await asyncio.gather(send(), receive())


asyncio.run(transcribe())
