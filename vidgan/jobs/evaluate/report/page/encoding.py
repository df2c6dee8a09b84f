"""Clips encoded as videos, and pictures as JPEG, small enough to be embedded in the page."""

import base64
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidgan import images
from vidgan.errors import ExportError
from vidgan.video.captions import BACKGROUND
from vidgan.video.layout import display_scale, enlarged, tile
from vidgan.video.writers.open import choose_codec, open_writer

# Limits of a video: clips that it shows, frames of each, and its longer side in pixels. The first
# choice whose file is small enough is taken.
CHOICES = ((9, 64, 480), (4, 64, 480), (1, 64, 320), (1, 16, 128))
# The same for one video as wide as the page.
WIDE = ((1, 64, 960), (1, 32, 640), (1, 16, 320))
# Around each clip.
MARGIN = 2


@dataclass(frozen=True)
class EncodedVideo:
    """Clips that play side by side.

    Attributes:
        uri: a ``data:`` address.
        width: in pixels.
        height: in pixels.
        clips: number of clips shown.
        frames: number of frames shown of each.
        of_frames: number of frames of each.
    """

    uri: str
    width: int
    height: int
    clips: int
    frames: int
    of_frames: int


@dataclass(frozen=True)
class EncodedImage:
    """A picture.

    Attributes:
        uri: a ``data:`` address.
        width: in pixels.
        height: in pixels.
        shrunk: whether it was shrunk to fit.
    """

    uri: str
    width: int
    height: int
    shrunk: bool


def encode_clips(
    clips: np.ndarray, fps: float, budget: int, choices: tuple[tuple[int, int, int], ...] = CHOICES
) -> EncodedVideo:
    """Encode clips as one video in which they play side by side.

    The clips shown are evenly spaced in the set. Small ones are enlarged.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, at least one.
        fps: frames per second.
        budget: largest size of the file in bytes. Clips and frames are left out to stay below it,
            down to a few frames of one clip; noise may still exceed it.
        choices: limits to try in turn, ``CHOICES`` or ``WIDE``.

    Raises:
        ExportError: the video cannot be encoded.
    """
    for most, frames, side in choices:
        chosen = np.linspace(0, len(clips) - 1, min(most, len(clips))).round().astype(int)
        page = _tiled(clips[chosen, :frames], side)
        uri, size = _encode(page, fps)
        if size <= budget:
            break
    _, height, width, _ = page.shape
    return EncodedVideo(uri, width, height, len(chosen), len(page), clips.shape[1])


def _tiled(clips: np.ndarray, side: int) -> np.ndarray:
    """Return clips in rows, scaled for display, uint8 ``(frames, height, width, 3)``.

    Args:
        clips: uint8 ``(n, frames, height, width, 3)``.
        side: largest longer side of the result without margins.
    """
    import cv2

    count, _, height, width, _ = clips.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    longer = max(width * columns, height * rows)
    if longer > side:
        size = tuple(max(1, each * side // longer) for each in (width, height))
        scaled = [
            [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in clip]
            for clip in clips
        ]
    else:
        factor = min(display_scale((width * columns, height * rows)), side // longer)
        scaled = [list(enlarged(clip, factor)) for clip in clips]
    margins = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    framed = [np.pad(clip, margins, constant_values=BACKGROUND) for clip in scaled]
    return tile(framed, (rows, columns))


def _encode(frames: np.ndarray, fps: float) -> tuple[str, int]:
    """Return frames as a ``data:`` address of a video, and the size of its file in bytes."""
    # Without H.264, OpenCV's .mp4 files do not play in browsers.
    suffix = ".mp4" if choose_codec("clips.mp4") == "h264" else ".webm"
    _, height, width, _ = frames.shape
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"clips{suffix}"
            with open_writer(path, fps, (width, height)) as writer:
                for frame in frames:
                    writer.write(frame)
            data = path.read_bytes()
    except (ExportError, OSError) as error:
        raise ExportError(
            f"the report's videos cannot be encoded ({error}); free some space where temporary "
            "files go, or name another folder in TMPDIR"
        ) from error
    return _address(f"video/{suffix[1:]}", data), len(data)


def encode_image(rgb: np.ndarray, budget: int) -> EncodedImage:
    """Encode a picture as JPEG, shrunk to fit.

    Args:
        rgb: uint8 ``(height, width, 3)``.
        budget: largest size of the file in bytes.
    """
    import cv2

    picture, data = rgb, images.encode(rgb, ".jpg")
    while len(data) > budget and min(picture.shape[:2]) > 1:
        # The size is about proportional to the area; with a margin one iteration is enough.
        factor = 0.95 * math.sqrt(budget / len(data))
        size = tuple(max(1, int(side * factor)) for side in picture.shape[1::-1])
        picture = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        data = images.encode(picture, ".jpg")
    height, width, _ = picture.shape
    return EncodedImage(_address("image/jpeg", data), width, height, picture is not rgb)


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
