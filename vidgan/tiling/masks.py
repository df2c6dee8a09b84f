"""Where the holes are: in a box, an image, a video, where a colour is, or where damage is."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from vidgan import images
from vidgan.degradations import scratch_detector
from vidgan.errors import InputError, OptionError
from vidgan.tiling.source import VideoSource
from vidgan.tiling.windows import Frame
from vidgan.video.readers.base import DEFAULT_RATE
from vidgan.video.readers.images import IMAGE_SUFFIXES
from vidgan.video.readers.open import open_video

# What is brighter is a hole: encoders leave neither black nor white what it was.
_THRESHOLD = 127
# Frames that a mask may end too early; it goes on with its last one.
_SLACK = 1.5
# A frame of a mask counts from this share of its duration before it on: times are rounded.
_EARLY = 0.27
# The word for what the detector finds.
AUTO = "auto"
_BOX = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*")
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class Mask:
    """Puts masks on frames.

    Attributes:
        grow: pixels by which holes are made larger on all sides.
        reach: frames before and after a frame that its mask depends on.
        empty: whether no frame had a hole so far.
    """

    grow = 0
    reach = 0

    def __init__(self) -> None:
        self.empty = True

    def put_on(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the frames with their masks."""
        side = 2 * self.grow + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        for frame, mask in self._masks(frames):
            if self.grow:
                mask = cv2.dilate(mask.view(np.uint8), kernel).view(bool)
            self.empty = self.empty and not mask.any()
            frame.mask = mask
            yield frame

    def _masks(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, np.ndarray]]:
        for frame in frames:
            yield frame, self.at(frame)

    def at(self, frame: Frame) -> np.ndarray:
        """Return the mask of a frame, bool ``(height, width)``, where that alone decides."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what is open."""


class StillMask(Mask):
    """The same for all frames."""

    def __init__(self, mask: np.ndarray) -> None:
        super().__init__()
        self._mask = mask

    def at(self, frame: Frame) -> np.ndarray:
        """Return the mask."""
        return self._mask


class ColourMask(Mask):
    """Where frames have a colour: no channel differs from it by more than ``tolerance``."""

    def __init__(self, colour: tuple[int, int, int], tolerance: int) -> None:
        super().__init__()
        self._bounds = [
            tuple(min(max(part + by, 0), 255) for part in colour) for by in (-tolerance, tolerance)
        ]

    def at(self, frame: Frame) -> np.ndarray:
        """Return where the colour is."""
        low, high = self._bounds
        return cv2.inRange(frame.pixels, low, high) > 0


class VideoMask(Mask):
    """A video, bright where the holes are, or a folder of numbered images.

    Its frames go with the source's by their times, whatever the two rates; by their numbers if it
    is made of images, or has as many frames as the source at another rate.
    """

    def __init__(self, path: Path, source: VideoSource) -> None:
        """Open it.

        Raises:
            InputError: not a video, of another size, or shorter than the source.
        """
        super().__init__()
        self._path, self._source = path, source
        self._reader = open_video(path)
        info = self._reader.info
        _check_size(path, (info.width, info.height), source)
        self._by_number = not self._reader.has_timestamps or not source.has_timestamps
        source.counted = source.counted or self._by_number
        self._rate = 1.0 if self._by_number else info.fps or DEFAULT_RATE
        self._stretch = source.fps / self._rate if info.frames == source.frames else 1.0
        needed = source.begin * source.fps + source.expected
        if not self._by_number and self._stretch == 1.0:
            needed *= self._rate / source.fps
        if info.frames and source.expected and info.frames < needed - _SLACK:
            raise self._too_short(info.frames)
        self._mask: np.ndarray | None = None
        self._place = 0.0
        self._next = self._grab()

    def _too_short(self, frames: int) -> InputError:
        return InputError(
            f"{self._path}: the mask ends after {frames} frames, before {self._source.path} does; "
            "make it as long, or stop earlier with --end"
        )

    def _grab(self) -> float | None:
        """Return the place of the next frame, in frames of the mask from its beginning."""
        seconds = self._reader.grab()
        if seconds is None:
            return None
        if self._by_number:
            return self._reader.frames_read - 1
        return (seconds - self._reader.start_time) * self._rate

    def at(self, frame: Frame) -> np.ndarray:
        """Return what the mask shows at that time."""
        source = self._source
        if self._by_number:
            place = float(source.number)
        else:
            place = (
                (source.begin + float(frame.time * source.time_base)) * self._rate * self._stretch
            )
        while self._next is not None and (self._mask is None or self._next <= place + _EARLY):
            pixels = cv2.cvtColor(self._reader.retrieve(), cv2.COLOR_RGB2GRAY)
            self._mask = pixels > _THRESHOLD
            self._place, self._next = self._next, self._grab()
        if self._mask is None or (self._next is None and place > self._place + _SLACK):
            raise self._too_short(self._reader.frames_read)
        return self._mask

    def close(self) -> None:
        """Close the video."""
        self._reader.close()


class DamageMask(Mask):
    """Where a detector finds scratches and dust; see ``degradations.scratch_detector``."""

    reach = scratch_detector.REACH

    def _masks(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, np.ndarray]]:
        waiting: deque[Frame] = deque()

        def pixels() -> Iterator[np.ndarray]:
            for frame in frames:
                waiting.append(frame)
                yield frame.pixels

        for _, mask in scratch_detector.detect(pixels()):
            yield waiting.popleft(), mask


def open_mask(text: str, source: VideoSource, tolerance: int) -> Mask:
    """Return what ``--mask`` means.

    Args:
        text: a path, ``x,y,w,h``, ``#rrggbb`` or ``auto``.
        source: what it is to be put on.
        tolerance: of a colour.

    Raises:
        OptionError: a box outside the picture, or what is no box, colour or file.
        InputError: a file that is no mask for this video.
    """
    if text == AUTO:
        return DamageMask()
    if box := _BOX.fullmatch(text):
        return StillMask(_box(text, [int(part) for part in box.groups()], source))
    if colour := _COLOUR.fullmatch(text):
        red, green, blue = (int(part, 16) for part in colour.groups())
        return ColourMask((red, green, blue), tolerance)
    path = Path(text)
    if not path.exists():
        raise OptionError(
            f"--mask {text}: no such file, and neither a box x,y,w,h, nor a colour #rrggbb, "
            f"nor {AUTO}"
        )
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return VideoMask(path, source)
    image = images.decode(path.read_bytes())
    if image is None:
        raise InputError(f"{path}: cannot be decoded; use a PNG, white where the holes are")
    _check_size(path, (image.shape[1], image.shape[0]), source)
    mask = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) > _THRESHOLD
    if mask.all():
        raise InputError(f"{path}: white everywhere; nothing is left to fill from")
    return StillMask(mask)


def _box(text: str, box: list[int], source: VideoSource) -> np.ndarray:
    left, top, across, down = box
    width, height = source.size
    if not across or not down or left + across > width or top + down > height:
        raise OptionError(
            f"--mask {text}: not within the picture, which is {width}x{height}; "
            "x,y is the corner at the top left, w,h the size"
        )
    if (across, down) == source.size:
        raise OptionError(f"--mask {text}: the whole picture; nothing is left to fill from")
    mask = np.zeros((height, width), bool)
    mask[top : top + down, left : left + across] = True
    return mask


def _check_size(path: Path, size: tuple[int, int], source: VideoSource) -> None:
    if size != source.size:
        raise InputError(
            f"{path}: the mask is {size[0]}x{size[1]}, {source.path} is "
            f"{source.size[0]}x{source.size[1]}; make the mask of the same size"
        )
