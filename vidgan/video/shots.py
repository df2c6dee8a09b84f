"""Shot boundaries, found frame by frame with PySceneDetect's detectors."""

from __future__ import annotations

import importlib
import itertools
import threading
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from scenedetect.detector import SceneDetector

# A cut changes a frame this many times as much as its neighbours change (PySceneDetect's default).
ADAPTIVE_RATIO = 3.0
# And at least so much in PySceneDetect's HSV score (0…255). Its default of 15 is meant for large
# frames: at 64 × 64 the key frames of a coarse MPEG-4 stream already score 18, true cuts 27 and up.
ADAPTIVE_LEAST = 22.0
# PySceneDetect's default.
CONTENT_THRESHOLD = 27.0
# Correlation of brightness histograms is 1 less this at a cut. Few pixels make few counts: with 64
# bins a 64 × 64 frame has as many a bin as a large frame has with the usual 256.
HISTOGRAM_THRESHOLD = 0.15
HISTOGRAM_BINS = 64

DETECTORS = ("adaptive", "content", "histogram", "none")


def preload(kind: str) -> None:
    """Start to import PySceneDetect in the background.

    Its import starts programs to see whether they are there and waits for them; meanwhile the
    first frames can be decoded.
    """
    if kind != "none":
        threading.Thread(
            target=importlib.import_module, args=("scenedetect.detectors",), daemon=True
        ).start()


class ShotDetector:
    """Feeds frames to a detector and collects where new shots begin."""

    def __init__(self, kind: str, fps: float) -> None:
        """Prepare one of :data:`DETECTORS` for a stream at ``fps`` frames a second."""
        self._kind = kind
        self._detector: SceneDetector | None = None
        self._fps = float(fps)
        self._position = 0
        self._cuts: set[int] = set()

    def add(self, rgb: np.ndarray, breaks: bool = False) -> None:
        """Take the next frame.

        Args:
            rgb: uint8 ``(height, width, 3)``.
            breaks: a new shot begins here whatever the frame looks like.
        """
        if breaks and self._position:
            self._cuts.add(self._position)
        if self._kind != "none":
            from scenedetect.common import FrameTimecode

            self._detector = self._detector or _make(self._kind)
            time = FrameTimecode(self._position, self._fps)
            # The detectors expect OpenCV's order of the colours.
            found = self._detector.process_frame(time, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
            self._cuts.update(cut.frame_num for cut in found)
        self._position += 1

    def finish(self) -> list[tuple[int, int]]:
        """Return every shot as ``(first, end)``, counted in frames that were added."""
        if self._detector is not None:
            from scenedetect.common import FrameTimecode

            time = FrameTimecode(self._position - 1, self._fps)
            self._cuts.update(cut.frame_num for cut in self._detector.post_process(time))
        inner = sorted(cut for cut in self._cuts if 0 < cut < self._position)
        edges = [0, *inner, self._position] if self._position else []
        return [(a, b) for a, b in itertools.pairwise(edges)]


def _make(kind: str) -> SceneDetector:
    """Make a detector that reports every cut; what is too short is rejected later, not merged."""
    from scenedetect.detectors import AdaptiveDetector, ContentDetector, HistogramDetector

    if kind == "adaptive":
        return AdaptiveDetector(
            adaptive_threshold=ADAPTIVE_RATIO, min_scene_len=1, min_content_val=ADAPTIVE_LEAST
        )
    if kind == "content":
        return ContentDetector(threshold=CONTENT_THRESHOLD, min_scene_len=0)
    if kind == "histogram":
        return HistogramDetector(
            threshold=HISTOGRAM_THRESHOLD, bins=HISTOGRAM_BINS, min_scene_len=1
        )
    raise ValueError(f"no shot detector {kind!r}")
