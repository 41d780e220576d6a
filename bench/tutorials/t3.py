"""Streaming recognition over gRPC, as one is taught to: a generator that records, for so many seconds."""
import sys
import wave

import grpc
import pyaudio
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

from microphone import device_index, wait_for_start

target, key, descriptor, wav = sys.argv[1:5]
rate, frames, seconds = int(sys.argv[5]), int(sys.argv[6]), float(sys.argv[7])

# The classes that a compiler of .proto files would have written into a module.
pool = descriptor_pool.Default()
with open(descriptor, "rb") as source:
    protocol = descriptor_pb2.FileDescriptorProto.FromString(source.read())
protocol.dependency.append(struct_pb2.DESCRIPTOR.name)
pool.Add(protocol)
factory = message_factory.MessageFactory(pool)
Request, Response = (factory.GetPrototype(pool.FindMessageTypeByName("speechkit.stt.v3." + name))
                     for name in ("StreamingRequest", "StreamingResponse"))
PATH = "/speechkit.stt.v3.Recognizer/RecognizeStreaming"

OPTIONS = {
    "recognition_model": {
        "audio_format": {"raw_audio": {"audio_encoding": 1, "sample_rate_hertz": rate,
                                       "audio_channel_count": 1}},
        "text_normalization": {"text_normalization": 1, "profanity_filter": True, "literature_text": False},
        "language_restriction": {"restriction_type": 1, "language_code": ["ru-RU"]},
        "audio_processing_type": 1,
    }
}

audio = pyaudio.PyAudio()
device = device_index(audio, "vmic")
wait_for_start()


def record():
    yield Request(session_options=OPTIONS)
    stream = audio.open(format=pyaudio.paInt16, channels=1, rate=rate, input=True,
                        input_device_index=device, frames_per_buffer=frames)
    pieces = []
    for _ in range(int(rate / frames * seconds)):
        # On overflow it goes on, which is kinder than the default.
        pcm = stream.read(frames, exception_on_overflow=False)
        yield Request(chunk={"data": pcm})
        pieces.append(pcm)
    stream.stop_stream()
    stream.close()
    audio.terminate()
    with wave.open(wav, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(b"".join(pieces))


channel = grpc.insecure_channel(target)
recognise = channel.stream_stream(PATH, request_serializer=Request.SerializeToString,
                                  response_deserializer=Response.FromString)
try:
    for answer in recognise(record(), metadata=(("authorization", f"Api-Key {key}"),)):
        kind = answer.WhichOneof("Event")
        alternatives = getattr(getattr(answer, kind), "alternatives", None)
        if kind == "final_refinement":
            alternatives = answer.final_refinement.normalized_text.alternatives
        print(kind, [one.text for one in alternatives or []], flush=True)
except grpc.RpcError as error:
    print("error", error.code(), error.details(), flush=True)
    raise
