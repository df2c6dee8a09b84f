"""Quantising a few frames of video to a common palette of 256 colours."""

import numpy as np

# Bits a channel of the colours that are counted; more cost time without a visible difference.
_BITS = 6
COLORS = 256
# Ordered dithering: its pattern is the same in all frames, while error diffusion flickers. A
# strength of 4 grey levels hides bands; 8 is visible as a grid and makes files an eighth larger.
_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
_DITHER = (_BAYER + 0.5) / 16 - 0.5
_DITHER_STRENGTH = 4.0


def quantize(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantise frames to their best 256 colours, with ordered dithering.

    Args:
        frames: uint8 RGB of shape ``(frames, height, width, 3)``.

    Returns:
        Indices, uint8 ``(frames, height, width)``, and the palette, uint8 RGB ``(256, 3)``.
    """
    keys = _keys(frames)
    counts = np.bincount(keys.ravel(), minlength=1 << (3 * _BITS))
    if np.count_nonzero(counts) > COLORS:
        _, height, width, _ = frames.shape
        pattern = np.tile(_DITHER, (-(-height // 4), -(-width // 4)))[:height, :width, None]
        shift = np.rint(pattern * _DITHER_STRENGTH).astype(np.int16)
        keys = _keys(np.clip(frames.astype(np.int16) + shift, 0, 255).astype(np.uint8))
        counts = np.bincount(keys.ravel(), minlength=1 << (3 * _BITS))
    used = np.flatnonzero(counts)
    colors = _colors(used)
    palette = _median_cut(colors, counts[used].astype(np.float64))
    table = np.zeros(counts.size, np.uint8)
    table[used] = _nearest(colors, palette)
    return table[keys], palette


def _keys(frames: np.ndarray) -> np.ndarray:
    """Pack each pixel into one integer of 6 bits a channel."""
    coarse = (frames >> (8 - _BITS)).astype(np.int32)
    return (coarse[..., 0] << (2 * _BITS)) | (coarse[..., 1] << _BITS) | coarse[..., 2]


def _colors(keys: np.ndarray) -> np.ndarray:
    """Return the colours of packed pixels, float32 RGB ``(colors, 3)``; 0 and 255 are exact."""
    mask = (1 << _BITS) - 1
    cells = np.stack([keys >> (2 * _BITS), (keys >> _BITS) & mask, keys & mask], -1)
    return (cells * (255.0 / mask)).astype(np.float32)


def _median_cut(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return a palette by median cut: the box with the largest spread is split first."""
    boxes = [np.arange(len(colors))]
    spreads, axes = [0.0], [0]
    spreads[0], axes[0] = _spread(colors, weights)
    while len(boxes) < min(COLORS, len(colors)):
        widest = int(np.argmax(spreads))
        members = boxes[widest]
        values = colors[members, axes[widest]]
        order = np.argsort(values, kind="stable")
        heavy = np.cumsum(weights[members][order])
        cut = int(np.searchsorted(heavy, heavy[-1] / 2)) + 1
        cut = min(max(cut, 1), len(members) - 1)
        halves = members[order[:cut]], members[order[cut:]]
        for place, half in zip((widest, len(boxes)), halves, strict=True):
            spread, axis = _spread(colors[half], weights[half])
            if place == widest:
                boxes[place], spreads[place], axes[place] = half, spread, axis
            else:
                boxes.append(half)
                spreads.append(spread)
                axes.append(axis)
    palette = np.zeros((COLORS, 3), np.uint8)
    for index, members in enumerate(boxes):
        palette[index] = np.rint(np.average(colors[members], axis=0, weights=weights[members]))
    return palette


def _spread(colors: np.ndarray, weights: np.ndarray) -> tuple[float, int]:
    """Return the largest weighted sum of squares around the mean, and its channel."""
    if len(colors) < 2:
        return -1.0, 0
    mean = np.average(colors, axis=0, weights=weights)
    total = weights @ (colors - mean) ** 2
    axis = int(np.argmax(total))
    return float(total[axis]), axis


def _nearest(colors: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the index of the nearest palette entry for each colour."""
    entries = palette.astype(np.float32)
    lengths = (entries**2).sum(1)
    found = [
        np.argmin(lengths - 2 * part @ entries.T, axis=1)
        for part in np.array_split(colors, max(1, len(colors) // 4096))
    ]
    return np.concatenate(found).astype(np.uint8)
