"""Masks of the pixels to fill: a box, an image, a video, a colour, or detected damage."""

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

# Grey levels above this are inside the mask: encoders change black and white.
_THRESHOLD = 127
# Frames by which a video mask may be shorter than the source; its last frame is repeated.
_SLACK = 1.5
# A mask's frame applies from this fraction of its duration before its start: times are rounded.
_EARLY = 0.27
# The value of --mask for the scratch detector.
AUTO = "auto"
_BOX = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*")
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class Mask:
    """Base class of masks.

    Attributes:
        grow: pixels by which the mask is dilated on all sides.
        reach: frames on either side that the mask of a frame depends on.
        empty: whether the mask was empty in all frames so far.
    """

    grow = 0
    reach = 0

    def __init__(self) -> None:
        self.empty = True

    def apply(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Set the mask of each frame, and yield it."""
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
            yield frame, self.mask_of(frame)

    def mask_of(self, frame: Frame) -> np.ndarray:
        """Return the mask of a frame, bool ``(height, width)``, for masks without reach."""
        raise NotImplementedError

    def close(self) -> None:
        """Close open files."""


class StillMask(Mask):
    """One mask for all frames."""

    def __init__(self, mask: np.ndarray) -> None:
        super().__init__()
        self._mask = mask

    def mask_of(self, frame: Frame) -> np.ndarray:
        """Return the mask."""
        return self._mask


class ColourMask(Mask):
    """Pixels of a colour: no channel differs from it by more than ``tolerance``."""

    def __init__(self, colour: tuple[int, int, int], tolerance: int) -> None:
        super().__init__()
        self._bounds = [
            tuple(min(max(part + by, 0), 255) for part in colour) for by in (-tolerance, tolerance)
        ]

    def mask_of(self, frame: Frame) -> np.ndarray:
        """Return the pixels of the colour."""
        low, high = self._bounds
        return cv2.inRange(frame.pixels, low, high) > 0


class VideoMask(Mask):
    """A video, or a folder of numbered images, that is white where pixels are to be filled.

    Its frames are matched with the source's by time, whatever the two rates. They are matched by
    number if one of them is a folder of images, and proportionally if both have as many frames at
    different rates.
    """

    def __init__(self, path: Path, source: VideoSource) -> None:
        """Open the mask.

        Args:
            path: the video or folder.
            source: the video that it masks.

        Raises:
            InputError: the mask is not a video, has another size, or is shorter than the source.
        """
        super().__init__()
        self._path, self._source = path, source
        self._reader = open_video(path)
        info = self._reader.info
        _check_size(path, (info.width, info.height), source)
        self._by_number = not self._reader.has_timestamps or not source.has_timestamps
        source.must_count = source.must_count or self._by_number
        self._rate = 1.0 if self._by_number else info.fps or DEFAULT_RATE
        self._stretch = source.fps / self._rate if info.frames == source.frames else 1.0
        needed = source.begin * source.fps + source.expected_frames
        if not self._by_number and self._stretch == 1.0:
            needed *= self._rate / source.fps
        if info.frames and source.expected_frames and info.frames < needed - _SLACK:
            raise self._too_short(info.frames)
        self._mask: np.ndarray | None = None
        self._place = 0.0
        self._next = self._grab()

    def _too_short(self, frames: int) -> InputError:
        return InputError(
            f"{self._path}: the mask ends after {frames} frames, before {self._source.path} does; "
            "use a longer mask, or stop earlier with --end"
        )

    def _grab(self) -> float | None:
        """Return the position of the next frame, in frames of the mask from its start."""
        seconds = self._reader.grab()
        if seconds is None:
            return None
        if self._by_number:
            return self._reader.frames_read - 1
        return (seconds - self._reader.start_time) * self._rate

    def mask_of(self, frame: Frame) -> np.ndarray:
        """Return the mask at the frame's time."""
        source = self._source
        if self._by_number:
            place = float(source.frame_number)
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
    """Detected scratches and dust; see :mod:`vidgan.degradations.scratch_detector`."""

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
    """Return the mask that a value of ``--mask`` describes.

    Args:
        text: a path, ``x,y,w,h``, ``#rrggbb`` or ``auto``.
        source: the video that it masks.
        tolerance: largest difference of a channel from ``#rrggbb``.

    Raises:
        OptionError: a box is not inside the frame, or the value is no box, colour or file.
        InputError: a file is no mask for this video.
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
    image = images.decode(path.read_bytes(), path)
    if image is None:
        raise InputError(
            f"{path}: cannot be decoded; use a PNG, white where pixels are to be filled"
        )
    _check_size(path, (image.shape[1], image.shape[0]), source)
    mask = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) > _THRESHOLD
    if mask.all():
        raise InputError(f"{path}: white everywhere; no pixels are left to fill from")
    return StillMask(mask)


def _box(text: str, box: list[int], source: VideoSource) -> np.ndarray:
    left, top, across, down = box
    width, height = source.size
    if not across or not down or left + across > width or top + down > height:
        raise OptionError(
            f"--mask {text}: not inside the frame, which is {width}x{height}; "
            "x,y is the top left corner, w,h the size"
        )
    if (across, down) == source.size:
        raise OptionError(f"--mask {text}: the whole frame; no pixels are left to fill from")
    mask = np.zeros((height, width), bool)
    mask[top : top + down, left : left + across] = True
    return mask


def _check_size(path: Path, size: tuple[int, int], source: VideoSource) -> None:
    if size != source.size:
        raise InputError(
            f"{path}: the mask is {size[0]}x{size[1]}, {source.path} is "
            f"{source.size[0]}x{source.size[1]}; use a mask of the same size"
        )
