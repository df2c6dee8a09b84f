"""Network layers once more, in NumPy: what the networks of the metrics are compared with.

Arrays are ``(n, frames, height, width, channels)``; padding is TensorFlow's ``SAME``.
"""

import numpy as np


def windows(
    x: np.ndarray, size: tuple[int, ...], strides: tuple[int, ...], fill: float
) -> np.ndarray:
    """Return all windows, ``(n, *places, channels, *size)``."""
    pads = []
    for length, width, stride in zip(x.shape[1:4], size, strides, strict=True):
        missing = max((-(-length // stride) - 1) * stride + width - length, 0)
        # The odd one goes to the end.
        pads.append((missing // 2, missing - missing // 2))
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    seen = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(1, 2, 3))
    return seen[:, :: strides[0], :: strides[1], :: strides[2]]


def conv(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    seen = windows(x, kernel.shape[:3], (stride,) * 3, 0)
    return np.tensordot(seen, kernel, axes=([4, 5, 6, 7], [3, 0, 1, 2]))


def max_pool(x: np.ndarray, size: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    most: np.ndarray = windows(x, size, strides, -np.inf).max(axis=(5, 6, 7))
    return most


def batch_norm(
    x: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    normal: np.ndarray = (x - mean) / np.sqrt(variance + 0.001) + beta
    return normal
