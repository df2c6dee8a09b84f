"""Damaged video files end in plain errors: whatever bytes are changed."""

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from video_files import make_video

from vidgan.errors import VidganError
from vidgan.tiling.source import VideoSource
from vidgan.video.rate import resample
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.open import open_video

CODECS = {
    ".mp4": "libx264",
    ".mov": "mjpeg",
    ".avi": "mpeg4",
    ".mkv": "libx264",
    ".ts": "libx264",
    ".mpg": "mpeg2video",
    ".gif": "gif",
    ".webm": "libvpx-vp9",
}
MUTATIONS = 25
# Damaged times may make a video long.
MOST_FRAMES = 200


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Change, cut, remove or repeat some bytes, every other time near the start."""
    changed = bytearray(data)
    reach = min(len(changed), 2000) if chance.random() < 0.5 else len(changed)
    for _ in range(chance.choice((1, 3, 10, 50))):
        changed[chance.randrange(reach)] = chance.choice((0, 255, chance.randrange(256)))
    place, length = chance.randrange(1, len(changed)), chance.randrange(1, 500)
    kind = chance.random()
    if kind < 0.15:
        del changed[place:]
    elif kind < 0.25:
        del changed[place : place + length]
    elif kind < 0.3:
        changed[place:place] = changed[:length]
    return bytes(changed)


def read_resampled(path: Path) -> None:
    with open_video(path, FrameFit(32, 32), threads=1) as reader:
        for _ in islice(resample(reader, reader.info.fps or 25), MOST_FRAMES):
            pass


def read_span(path: Path) -> None:
    with VideoSource(path, 0.3, 0.6) as source:
        for _ in islice(source.read(), MOST_FRAMES):
            pass


@pytest.mark.parametrize("suffix", CODECS)
@pytest.mark.parametrize("read", [read_resampled, read_span])
def test_damaged_files_give_plain_errors(
    tmp_path: Path, suffix: str, read: Callable[[Path], None]
) -> None:
    options = {"deadline": "realtime"} if suffix == ".webm" else {}
    pix_fmt = "yuvj420p" if suffix == ".mov" else None
    whole = make_video(
        tmp_path / f"whole{suffix}",
        15,
        (64, 48),
        codec=CODECS[suffix],
        options=options,
        pix_fmt=pix_fmt,
    ).read_bytes()
    path = tmp_path / f"damaged{suffix}"
    chance = random.Random(suffix)
    for _ in range(MUTATIONS):
        path.write_bytes(mutate(whole, chance))
        message = ""
        try:
            read(path)
        except VidganError as error:
            message = str(error)
        assert "\n" not in message
        assert len(message) < 600


def test_a_codec_that_is_not_known(tmp_path: Path) -> None:
    data = make_video(tmp_path / "v.avi", 5, codec="mjpeg", pix_fmt="yuvj420p").read_bytes()
    path = tmp_path / "unknown.avi"
    path.write_bytes(data.replace(b"MJPG", b"Q?Q?"))
    with pytest.raises(VidganError, match="a codec that FFmpeg does not know"):
        open_video(path)
