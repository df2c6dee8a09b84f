"""PSNR and SSIM of restored frames.

See ``consistency.tof`` for motion and ``perceptual`` for a perceptual distance.
"""

import cv2
import numpy as np

from vidgan.metrics.checks import clip_pairs

# The window of the structural similarity: 11 × 11 pixels, a Gaussian of 1.5.
_WINDOW = 11
_SIGMA = 1.5
_LEVELS = 255.0
# Cap of the PSNR in means over frames, decibels: that of equal frames is infinite.
MAX_PSNR = 100.0


def psnr(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of frames over all channels.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``.
        reference: the original clips, of the same shape.

    Returns:
        float64 ``(n, frames)`` in dB; infinity for equal frames.

    Raises:
        InputError: wrong or different shapes, or a wrong dtype.
    """
    clips, reference = clip_pairs(clips, reference)
    errors = np.empty(clips.shape[:2])
    for place in np.ndindex(errors.shape):
        errors[place] = np.mean(
            np.square(np.subtract(clips[place], reference[place], dtype=np.float64))
        )
    with np.errstate(divide="ignore"):
        return 10 * np.log10(_LEVELS**2 / errors)


def ssim(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the structural similarity of frames (SSIM, Wang et al. 2004), averaged over channels.

    With the settings of the paper: a Gaussian window of 11 × 11 pixels with standard deviation 1.5,
    K₁ = 0.01 and K₂ = 0.03, over all positions where the window lies in the frame.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``, sides of at least 11.
        reference: the original clips, of the same shape.

    Returns:
        float64 ``(n, frames)`` in [-1, 1]; 1 for equal frames.

    Raises:
        InputError: wrong or different shapes, a wrong dtype, or frames smaller than the window.
    """
    clips, reference = clip_pairs(clips, reference, side=_WINDOW)
    found = np.empty(clips.shape[:2])
    for place in np.ndindex(found.shape):
        found[place] = _similarity(
            clips[place].astype(np.float64), reference[place].astype(np.float64)
        )
    return found


def _similarity(a: np.ndarray, b: np.ndarray) -> float:
    mean_a, mean_b = _local_mean(a), _local_mean(b)
    variances = _local_mean(a * a) - mean_a**2 + _local_mean(b * b) - mean_b**2
    covariance = _local_mean(a * b) - mean_a * mean_b
    light, contrast = (0.01 * _LEVELS) ** 2, (0.03 * _LEVELS) ** 2
    similarity = (2 * mean_a * mean_b + light) * (2 * covariance + contrast)
    similarity /= (mean_a**2 + mean_b**2 + light) * (variances + contrast)
    return float(similarity.mean())


def _local_mean(frame: np.ndarray) -> np.ndarray:
    margin = _WINDOW // 2
    blurred = cv2.GaussianBlur(frame, (_WINDOW, _WINDOW), _SIGMA)
    return blurred[margin:-margin, margin:-margin]
