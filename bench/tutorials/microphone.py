"""What every script of the bench has before its work begins; none of it is measured."""
import sys


def device_index(audio, name):
    """The number of a device, which in the tutorials one reads from `arecord -l` or leaves out."""
    for index in range(audio.get_device_count()):
        if audio.get_device_info_by_index(index)["name"] == name:
            return index
    raise SystemExit(f"there is no device {name}")


def wait_for_start():
    """All is imported and looked up; the user presses Enter."""
    print("ready", flush=True)
    sys.stdin.readline()
