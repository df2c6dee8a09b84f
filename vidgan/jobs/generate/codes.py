"""Codes of clips: the inputs of the decoder, each an array ``(clips, *shape)``."""

from collections.abc import Sequence

import numpy as np

from vidgan.latents import NORMAL, Latent, Noise


def selected(codes: Noise, clips: slice) -> Noise:
    """Return the codes of some of the clips."""
    return {name: values[clips] for name, values in codes.items()}


def joined(parts: Sequence[Noise]) -> Noise:
    """Return the codes of the clips of all parts, at least one, in order."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def repeated(codes: Noise, count: int) -> Noise:
    """Repeat the codes of one clip ``count`` times."""
    return {name: np.repeat(values, count, axis=0) for name, values in codes.items()}


def extended(codes: Noise, noise: Noise) -> Noise:
    """Lengthen codes in time.

    Args:
        codes: of any number of clips.
        noise: inputs for longer or as long clips, of as many clips.

    Returns:
        The codes, followed by the noise of the time after them; with the times of the noise.
    """
    longer = {}
    for name, values in codes.items():
        known = values.shape[1] if values.ndim > 1 else None
        longer[name] = values
        if name == "times":
            longer[name] = noise[name]
        elif known is not None and known != noise[name].shape[1]:
            longer[name] = np.concatenate([values, noise[name][:, known:]], axis=1)
            longer[name] = longer[name][:, : noise[name].shape[1]]
    return longer


def with_new_motion(codes: Noise, noise: Noise, inputs: Sequence[Latent], strength: float) -> Noise:
    """Mix normal inputs other than ``latent`` with noise, such that their variance stays.

    Args:
        codes: of any number of clips.
        noise: of as many clips, normal.
        inputs: of the decoder.
        strength: 0 for the codes, 1 for the noise.
    """
    mixed = dict(codes)
    for each in inputs:
        if each.kind == NORMAL and each.name != "latent":
            kept = np.float32(np.sqrt(1 - strength**2)) * codes[each.name]
            mixed[each.name] = kept + np.float32(strength) * noise[each.name]
    return mixed


def interpolate(start: Noise, end: Noise, count: int) -> Noise:
    """Interpolate linearly between the codes of two clips, both included.

    Codes are not normally distributed, so a sphere has no advantage. Labels are those of the nearer
    clip.

    Args:
        start: of one clip.
        end: of another clip, of the same length.
        count: number of points, at least 2.
    """
    points = {}
    for name, first in start.items():
        t = np.linspace(0, 1, count, dtype=np.float32).reshape(-1, *([1] * (first.ndim - 1)))
        if np.issubdtype(first.dtype, np.integer):
            points[name] = np.where(t < 0.5, first, end[name]).astype(first.dtype)
        else:
            points[name] = first * (1 - t) + end[name] * t
    return points
