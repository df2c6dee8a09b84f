"""Checks of the arguments of metrics: sets of features, logits and clips."""

import numpy as np

from vidgan.errors import InputError


def feature_set(values: np.ndarray, least: int = 2, name: str = "features") -> np.ndarray:
    """Return a set of features as float64 ``(n, d)``.

    Args:
        values: float ``(n, d)``.
        least: fewest clips.
        name: of the set in error messages.

    Raises:
        InputError: a wrong shape, too few clips, or a value that is not finite.
    """
    features = np.asarray(values, np.float64)
    if features.ndim != 2 or features.shape[1] == 0:
        raise InputError(f"{name} must have the shape (clips, numbers), found {features.shape}")
    if len(features) < least:
        raise InputError(f"{name}: at least {least} clips are needed, found {len(features)}")
    if not np.isfinite(features).all():
        raise InputError(f"{name} hold NaN or infinity")
    return features


def feature_sets(
    real: np.ndarray, fake: np.ndarray, least: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Return two sets of features of the same length as float64.

    Raises:
        InputError: as :func:`feature_set`, or vectors of two lengths.
    """
    a, b = feature_set(real, least, "real features"), feature_set(fake, least, "other features")
    if a.shape[1] != b.shape[1]:
        raise InputError(
            f"features of {a.shape[1]} and {b.shape[1]} numbers cannot be compared; "
            "embed both sets alike"
        )
    return a, b


def logits(values: np.ndarray, name: str) -> np.ndarray:
    """Return a discriminator's logits as float64 ``(n,)``.

    Raises:
        InputError: a wrong shape, no logits, or a value that is not finite.
    """
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found):
        raise InputError(f"logits of {name} must have the shape (clips,), found {found.shape}")
    if not np.isfinite(found).all():
        raise InputError(f"logits of {name} hold NaN or infinity")
    return found


def clip_set(clips: np.ndarray, frames: int = 1, side: int = 1) -> np.ndarray:
    """Return clips after checking them.

    Args:
        clips: uint8 RGB ``(n, frames, height, width, 3)``.
        frames: fewest frames.
        side: fewest pixels of height and width.

    Raises:
        InputError: a wrong shape or dtype, no clips, or too few or too small frames.
    """
    clips = np.asarray(clips)
    if clips.dtype != np.uint8 or clips.ndim != 5 or clips.shape[-1] != 3 or clips.size == 0:
        raise InputError(
            "clips must be uint8 (n, frames, height, width, 3) and not empty, "
            f"found {clips.dtype} {clips.shape}"
        )
    if clips.shape[1] < frames:
        raise InputError(f"clips of {clips.shape[1]} frames are too short: at least {frames}")
    if min(clips.shape[2:4]) < side:
        raise InputError(
            f"frames of {clips.shape[3]}x{clips.shape[2]} are too small: at least {side}x{side}"
        )
    return clips


def clip_pairs(
    clips: np.ndarray, reference: np.ndarray, frames: int = 1, side: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return clips and references of the same shape after checking them.

    Raises:
        InputError: as :func:`clip_set`, or the two have different shapes.
    """
    clips, reference = clip_set(clips, frames, side), clip_set(reference, frames, side)
    if clips.shape != reference.shape:
        raise InputError(
            f"clips {clips.shape} and their references {reference.shape} must have one shape"
        )
    return clips, reference
