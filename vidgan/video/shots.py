"""Shot boundary detection, frame by frame, with PySceneDetect's detectors."""

from __future__ import annotations

import importlib
import itertools
import threading
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from scenedetect.detector import SceneDetector

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
