"""The header of an animated WebP: whether a file is one, its size and the times of its frames."""

from pathlib import Path

# As in browsers, a frame without a duration is shown for a tenth of a second.
_DEFAULT_MILLISECONDS = 100
# Of the RIFF header and of the first chunk, VP8X.
_HEADER_BYTES = 30
_ANIMATION_FLAG = 2


def is_animated_webp(path: Path) -> bool:
    """Return whether a file's header is that of an animated WebP."""
    try:
        # Opening a pipe would wait for its writer.
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError:
        return False
    is_extended = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) == _HEADER_BYTES
    return is_extended and bool(head[20] & _ANIMATION_FLAG)


def canvas_size(data: bytearray) -> tuple[int, int]:
    """Return the ``(width, height)`` in pixels into which every frame is drawn."""
    return 1 + _integer(data[24:27]), 1 + _integer(data[27:30])


def declared_length(data: bytearray) -> int:
    """Return how many bytes the file should have."""
    return 8 + _integer(data[4:8])


def declare_length(data: bytearray, length: int) -> None:
    """Set how many bytes the file should have."""
    data[4:8] = (length - 8).to_bytes(4, "little")


def measure_frames(data: bytearray) -> tuple[list[int], int]:
    """Return the duration of every whole frame in milliseconds, and where the last chunk ends."""
    durations = []
    end = 12
    while end + 8 <= len(data):
        size = _integer(data[end + 4 : end + 8])
        following = end + 8 + size + size % 2
        if following > len(data):
            break
        if data[end : end + 4] == b"ANMF":
            # After two places and two sides.
            durations.append(_integer(data[end + 20 : end + 23]) or _DEFAULT_MILLISECONDS)
        end = following
    return durations, end


def _integer(data: bytearray) -> int:
    return int.from_bytes(data, "little")
