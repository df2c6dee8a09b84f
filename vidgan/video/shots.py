"""Shot boundary detection, frame by frame, with PySceneDetect's detectors."""

from __future__ import annotations

import importlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from scenedetect.detector import SceneDetector

Item = TypeVar("Item")
# Ratio of the change at a cut to that of the frames around it (PySceneDetect's default).
ADAPTIVE_RATIO = 3.0
# Least change at a cut, as PySceneDetect's HSV score (0…255). Its default of 15 suits large frames:
# at 64 × 64 keyframes of a coarse MPEG-4 stream score 18, true cuts 27 and more.
ADAPTIVE_MIN_CONTENT = 22.0
# PySceneDetect's default.
CONTENT_THRESHOLD = 27.0
# At a cut the correlation of brightness histograms falls below 1 minus this. With 64 bins, small
# frames have enough pixels a bin; PySceneDetect's default is 256.
HISTOGRAM_THRESHOLD = 0.15
HISTOGRAM_BINS = 64

# Frames on either side that the adaptive detector compares a frame with.
_AROUND = 2
# Shorter side in pixels of the frames that cuts are detected in.
_DETECTION_SIDE = 64

DETECTORS = ("adaptive", "content", "histogram", "none")


def preload(kind: str) -> None:
    """Start importing PySceneDetect in the background.

    Its import runs external programs to find out whether they are installed; meanwhile the first
    frames can be decoded.
    """
    if kind != "none":
        threading.Thread(
            target=importlib.import_module, args=("scenedetect.detectors",), daemon=True
        ).start()


class ShotDetector:
    """Finds shots in a stream of frames."""

    def __init__(self, kind: str, fps: float) -> None:
        """Prepare for a stream.

        Args:
            kind: one of :data:`DETECTORS`.
            fps: frames a second.
        """
        self._kind = kind
        self._detector: SceneDetector | None = None
        self._fps = float(fps)
        self._position = 0
        self._cuts: set[int] = set()

    def add(self, rgb: np.ndarray, breaks: bool = False) -> None:
        """Process the next frame.

        Args:
            rgb: uint8 RGB ``(height, width, 3)``.
            breaks: whether a new shot begins here whatever the detector finds.
        """
        if breaks and self._position:
            self._cuts.add(self._position)
        if self._kind != "none":
            from scenedetect.common import FrameTimecode

            self._detector = self._detector or _create_detector(self._kind)
            time = FrameTimecode(self._position, self._fps)
            # The detectors expect BGR.
            found = self._detector.process_frame(time, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
            self._cuts.update(cut.frame_num for cut in found)
        self._position += 1

    def is_cut(self, position: int) -> bool:
        """Return whether a shot that is known already begins with a frame, by its number."""
        return position in self._cuts

    def finish(self) -> list[tuple[int, int]]:
        """Return the shots as ``(start, stop)``, in numbers of added frames."""
        if self._detector is not None:
            from scenedetect.common import FrameTimecode

            time = FrameTimecode(self._position - 1, self._fps)
            self._cuts.update(cut.frame_num for cut in self._detector.post_process(time))
        inner = sorted(cut for cut in self._cuts if 0 < cut < self._position)
        edges = [0, *inner, self._position] if self._position else []
        return [(a, b) for a, b in itertools.pairwise(edges)]


def _create_detector(kind: str) -> SceneDetector:
    """Create a detector that reports every cut; short shots are rejected later, not merged."""
    from scenedetect.detectors import AdaptiveDetector, ContentDetector, HistogramDetector

    if kind == "adaptive":
        return AdaptiveDetector(
            adaptive_threshold=ADAPTIVE_RATIO, min_scene_len=1, min_content_val=ADAPTIVE_MIN_CONTENT
        )
    if kind == "content":
        return ContentDetector(threshold=CONTENT_THRESHOLD, min_scene_len=0)
    if kind == "histogram":
        return HistogramDetector(
            threshold=HISTOGRAM_THRESHOLD, bins=HISTOGRAM_BINS, min_scene_len=1
        )
    raise ValueError(f"no shot detector {kind!r}")


def mark_cuts(
    frames: Iterable[Item], pixels: Callable[[Item], np.ndarray], fps: float
) -> Iterator[tuple[Item, bool]]:
    """Yield frames with whether a new shot begins with them; looks two frames ahead.

    Args:
        frames: anything that has pixels.
        pixels: returns those of a frame, uint8 RGB ``(height, width, 3)``.
        fps: frames a second.
    """
    detector = ShotDetector("adaptive", fps)
    waiting: deque[Item] = deque()
    small: np.ndarray | None = None
    position = 0
    for frame in frames:
        first, small = small is None, _shrink(pixels(frame))
        # The detector compares a frame with those around it: the first and last ones stand still.
        for _ in range(1 + first * _AROUND):
            detector.add(small)
        waiting.append(frame)
        if len(waiting) > _AROUND:
            yield waiting.popleft(), detector.is_cut(position + _AROUND)
            position += 1
    for frame in waiting:
        assert small is not None
        detector.add(small)
        yield frame, detector.is_cut(position + _AROUND)
        position += 1


def _shrink(frame: np.ndarray) -> np.ndarray:
    """Return a frame at the size that the thresholds are made for, or a smaller one."""
    height, width, _ = frame.shape
    scale = min(1.0, _DETECTION_SIDE / min(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
