"""Degradations of clips, each at several strengths, for ``metric_sensitivity.py``.

Clips are uint8 RGB ``(n, frames, height, width, 3)``; every function is deterministic. ``DAMAGES``
degrade single clips; ``fewer`` and ``memorised`` change the set.
"""

from collections.abc import Callable

import cv2
import numpy as np

Damage = Callable[[np.ndarray, float], np.ndarray]


def per_frame(clips: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.stack([[change(frame) for frame in clip] for clip in clips])


def clipped(values: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.clip(np.rint(values), 0, 255)
    return rounded.astype(np.uint8)


def blur(clips: np.ndarray, sigma: float) -> np.ndarray:
    return per_frame(clips, lambda frame: cv2.GaussianBlur(frame, (0, 0), sigma))


def noise(clips: np.ndarray, sigma: float) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.stack([clipped(clip + random.normal(0, sigma, clip.shape)) for clip in clips])


def colour(clips: np.ndarray, shift: float) -> np.ndarray:
    return clipped(clips + np.array([shift, 0, -shift], np.float32))


def checkerboard(clips: np.ndarray, height: float) -> np.ndarray:
    y, x = np.mgrid[: clips.shape[2], : clips.shape[3]]
    board = (height * ((y + x) % 2 * 2 - 1)[..., None]).astype(np.float32)
    return clipped(clips + board)


def silhouette(clips: np.ndarray, sigma: float) -> np.ndarray:
    """Blur what moves and keep the background, as in samples early in training."""
    wall = np.median(clips, axis=1, keepdims=True)
    return clipped(wall + blur((clips - wall).astype(np.float32), sigma))


def warps(count: int, pixels: float, side: tuple[int, int], seed: int) -> np.ndarray:
    """Return smooth random maps for ``cv2.remap``, float32 ``(count, height, width, 2)``."""
    random = np.random.default_rng(seed)
    coarse = random.normal(0, pixels, (count, 8, 8, 2)).astype(np.float32)
    y, x = np.mgrid[: side[0], : side[1]].astype(np.float32)
    moves = [cv2.resize(field, side[::-1], interpolation=cv2.INTER_CUBIC) for field in coarse]
    maps: np.ndarray = np.stack(moves) + np.stack([x, y], axis=-1)
    return maps


def warped(clips: np.ndarray, pixels: float, every_frame: bool) -> np.ndarray:
    out = np.empty_like(clips)
    for index, (clip, damaged) in enumerate(zip(clips, out, strict=True)):
        maps = warps(len(clip) if every_frame else 1, pixels, clip.shape[1:3], index)
        for t, frame in enumerate(clip):
            across, down = np.moveaxis(maps[t % len(maps)], -1, 0)
            damaged[t] = cv2.remap(
                frame, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
    return out


def warp_clips(clips: np.ndarray, pixels: float) -> np.ndarray:
    """Warp all frames of a clip in the same way: a spatial, not a temporal degradation."""
    return warped(clips, pixels, every_frame=False)


def warp_frames(clips: np.ndarray, pixels: float) -> np.ndarray:
    """Warp every frame differently: single frames look as with ``warp_clips``."""
    return warped(clips, pixels, every_frame=True)


def freeze(clips: np.ndarray, share: float) -> np.ndarray:
    """Freeze the last frames of a clip."""
    last = clips.shape[1] - round(share * clips.shape[1])
    return clips[:, np.minimum(np.arange(clips.shape[1]), max(last, 0))]


def hold(clips: np.ndarray, every: float) -> np.ndarray:
    """Show only every n-th frame, each for n frames."""
    return clips[:, np.arange(clips.shape[1]) // int(every) * int(every)]


def shuffle(clips: np.ndarray, share: float) -> np.ndarray:
    random, out = np.random.default_rng(1), clips.copy()
    for clip, damaged in zip(clips, out, strict=True):
        some = random.choice(len(clip), round(share * len(clip)), replace=False)
        damaged[some] = clip[random.permutation(some)]
    return out


def shake(clips: np.ndarray, pixels: float) -> np.ndarray:
    random, out, most = np.random.default_rng(2), clips.copy(), int(pixels)
    for clip in out:
        for index, frame in enumerate(clip):
            clip[index] = np.roll(frame, random.integers(-most, most + 1, 2), axis=(0, 1))
    return out


def flicker(clips: np.ndarray, levels: float) -> np.ndarray:
    random = np.random.default_rng(3)
    change = random.normal(0, levels, (*clips.shape[:2], 1, 1, 1)).astype(np.float32)
    return clipped(clips + change)


def reverse(clips: np.ndarray, share: float) -> np.ndarray:
    """Play some of the clips backwards."""
    out = clips.copy()
    some = np.random.default_rng(4).permutation(len(clips))[: round(share * len(clips))]
    out[some] = clips[some, ::-1]
    return out


# By name: the damage, its strengths and their unit.
SPATIAL: dict[str, tuple[Damage, tuple[float, ...], str]] = {
    "blur": (blur, (0.5, 0.8, 1.2, 2), "σ in pixels"),
    "noise": (noise, (2, 5, 10, 20), "σ in levels"),
    "colour shift": (colour, (3, 8, 15, 30), "levels red up, blue down"),
    "checkerboard": (checkerboard, (1, 3, 6, 12), "levels"),
    "blurred silhouettes": (silhouette, (0.7, 1, 2, 4), "σ in pixels"),
}
# A control: the spatial part of the next degradation, without the temporal part. Most of it is the
# blur of interpolation, which does not grow with the strength.
CONTROL: dict[str, tuple[Damage, tuple[float, ...], str]] = {
    "warped, all frames alike": (warp_clips, (0.5, 1, 2), "pixels"),
}
TEMPORAL: dict[str, tuple[Damage, tuple[float, ...], str]] = {
    "warped, each frame differently": (warp_frames, (0.5, 1, 2), "pixels"),
    "frozen": (freeze, (0.25, 0.5, 0.75, 1), "fraction of the frames"),
    "dropped frames": (hold, (2, 4, 8, 16), "frames each is held"),
    "shuffled": (shuffle, (0.25, 0.5, 0.75, 1), "fraction of the frames"),
    "shaking": (shake, (1, 2, 3), "pixels"),
    "flicker": (flicker, (2, 5, 10), "σ in levels"),
    "reversed": (reverse, (0.25, 0.5, 1), "fraction of the clips"),
}
DAMAGES = SPATIAL | CONTROL | TEMPORAL
# Fractions of the clips that are left, for ``fewer`` and ``memorised``.
LEFT = (0.5, 0.25, 0.1, 0.03)


def fewer(count: int, share: float) -> np.ndarray:
    """Return the indices of ``count`` clips of a set with dropped modes, ``(count,)``."""
    return np.arange(count) % max(1, round(share * count))


def memorised(clips: np.ndarray) -> np.ndarray:
    """Change clips slightly (a shift, a shade), as a generator that memorised them does."""
    random, out = np.random.default_rng(5), np.empty_like(clips)
    for clip, copy in zip(clips, out, strict=True):
        moved = np.roll(clip, random.integers(-1, 2, 2), axis=(1, 2))
        copy[:] = clipped(moved + random.normal(0, 2))
    return out
