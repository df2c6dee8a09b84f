"""Dense optical flow between the frames of a clip."""

import contextlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import TypeVar

import cv2
import numpy as np

Value = TypeVar("Value")

# Least side in pixels of frames that OpenCV's DIS flow takes.
MIN_SIDE = 16
# From this side on the finest level of the pyramid is left out: it costs four times as much as the
# next one and adds little motion.
_COARSE_SIDE = 128
# Size of the cache in bytes: the flows of 64 clips of 16 × 64 × 64.
_CACHE_BYTES = 2**25


def grey(clip: np.ndarray) -> np.ndarray:
    """Convert a clip to grey levels (BT.601 luma).

    Args:
        clip: uint8 RGB ``(frames, height, width, 3)``.

    Returns:
        uint8 ``(frames, height, width)``.
    """
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip])


def dis_flow(frames: np.ndarray, backward: bool = False) -> np.ndarray:
    """Return optical flow from each frame to the next by DIS (arXiv 1603.03590).

    Args:
        frames: grey uint8 ``(frames, height, width)``, sides of at least ``MIN_SIDE``.
        backward: compute the flow from each frame to the one before instead.

    Returns:
        float32 ``(frames - 1, height, width, 2)``: pixels a frame to the right and downwards.
    """
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    method.setFinestScale(0 if min(frames.shape[1:]) < _COARSE_SIDE else 1)
    before, after = (frames[1:], frames[:-1]) if backward else (frames[:-1], frames[1:])
    unknown = np.empty(0, np.float32)
    return np.stack([method.calc(a, b, unknown) for a, b in zip(before, after, strict=True)])


class FlowCache:
    """Least recently used cache of :func:`dis_flow`, safe for threads.

    Attributes:
        size: of the cached flows, in bytes.
    """

    def __init__(self, max_size: int) -> None:
        """Create an empty cache for at most ``max_size`` bytes."""
        self.size, self._max_size, self._lock = 0, max_size, Lock()
        self._flows: OrderedDict[tuple[tuple[int, ...], bytes], np.ndarray] = OrderedDict()

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return the frames' :func:`dis_flow`, read-only."""
        key = frames.shape, frames.tobytes()
        with self._lock:
            if key in self._flows:
                self._flows.move_to_end(key)
                return self._flows[key]
        flow = dis_flow(frames)
        flow.flags.writeable = False
        with self._lock:
            if key not in self._flows:
                self._flows[key] = flow
                self.size += flow.nbytes
            while self.size > self._max_size:
                self.size -= self._flows.popitem(last=False)[1].nbytes
        return flow


_flow_cache = FlowCache(_CACHE_BYTES)


def clip_flow(frames: np.ndarray) -> np.ndarray:
    """Return a clip's :func:`dis_flow`, cached.

    Features, motion and consistency need the flow of the same clips, and it is most of their work.

    Args:
        frames: grey uint8 ``(frames, height, width)``, sides of at least ``MIN_SIDE``.

    Returns:
        float32 ``(frames - 1, height, width, 2)``, read-only.
    """
    return _flow_cache(frames)


def for_each(function: Callable[[np.ndarray], Value], clips: np.ndarray) -> list[Value]:
    """Apply a function to all clips, in one thread a core."""
    # OpenCV and NumPy release the interpreter lock while they compute.
    with _one_thread(), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, clips))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let OpenCV use the calling thread only: results may depend on its number of threads."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def farneback_flow(frames: np.ndarray) -> np.ndarray:
    """Return optical flow from each frame to the next by Farnebäck's method.

    The settings are those of TecoGAN's published evaluation (arXiv 1811.09393).

    Args:
        frames: grey uint8 ``(frames, height, width)``.

    Returns:
        float32 ``(frames - 1, height, width, 2)``: pixels a frame to the right and downwards.
    """
    flow = np.zeros((len(frames) - 1, *frames.shape[1:], 2), np.float32)
    for step in range(len(flow)):
        flow[step] = cv2.calcOpticalFlowFarneback(
            frames[step], frames[step + 1], flow[step], 0.5, 3, 15, 3, 5, 1.2, 0
        )
    return flow


def warp(frame: np.ndarray, flow: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Warp a frame backwards along a flow.

    Args:
        frame: uint8 or float32 ``(height, width)`` or ``(height, width, channels)``.
        flow: float32 ``(height, width, 2)``, from the result to ``frame``, in pixels.
        interpolation: OpenCV's, bilinear by default.

    Returns:
        The frame's shape and dtype; positions outside the frame take its border.
    """
    rows, columns = _grid(*flow.shape[:2])
    across, down = columns + flow[..., 0], rows + flow[..., 1]
    return cv2.remap(frame, across, down, interpolation, borderMode=cv2.BORDER_REPLICATE)


def leads_inside(flow: np.ndarray) -> np.ndarray:
    """Return where a flow leads to a position inside the frame, bool ``(height, width)``.

    Args:
        flow: float32 ``(height, width, 2)``, in pixels to the right and downwards.
    """
    height, width = flow.shape[:2]
    rows, columns = _grid(height, width)
    across, down = columns + flow[..., 0], rows + flow[..., 1]
    inside: np.ndarray = (across >= 0) & (across <= width - 1) & (down >= 0) & (down <= height - 1)
    return inside


@lru_cache(maxsize=1)
def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and the column of each pixel, float32 ``(height, width)``."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return rows, columns
