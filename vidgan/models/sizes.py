"""Video sizes that a network can be built for, and the levels that follow."""

import math
from dataclasses import dataclass

from vidgan.config import MAX_SIDE, MIN_SIDE, UPSCALES
from vidgan.errors import OptionError

# Frames at the smallest level: with two, motion can start from their difference.
BASE_FRAMES = 2


# Bases of the sides that a network can be built for: its smallest level.
BASES = range(4, 8)
_SIDES = [
    base << doublings
    for base in BASES
    for doublings in range(MAX_SIDE.bit_length())
    if MIN_SIDE <= base << doublings <= MAX_SIDE
]
# The largest base size, in pixels, if --upscale is not given.
MAX_BASE_PIXELS = 8192


def split_side(side: int, smallest: int = MIN_SIDE) -> tuple[int, int]:
    """Factor a side in pixels into ``base × 2^doublings`` with ``base`` in 4…7.

    Raises:
        OptionError: the side is out of range or has no such factors.
    """
    base, doublings = side, 0
    while base >= 2 * BASES.start and base % 2 == 0:
        base, doublings = base // 2, doublings + 1
    if smallest <= side <= MAX_SIDE and base in BASES:
        return base, doublings
    raise OptionError(
        f"no network has a side of {side} pixels: it must be 4…7 × 2^k within "
        f"{MIN_SIDE}…{MAX_SIDE}, such as {_base_side(max(MIN_SIDE, min(side, MAX_SIDE)), 1)}"
    )


def check_size(size: tuple[int, int]) -> None:
    """Check that videos of a size can be generated.

    Args:
        size: width and height in pixels.

    Raises:
        OptionError: a side is odd or out of range.
    """
    for side in size:
        if side % 2 or not MIN_SIDE <= side <= MAX_SIDE:
            raise OptionError(
                f"--size {size[0]}x{size[1]}: sides are even numbers of pixels from {MIN_SIDE} to "
                f"{MAX_SIDE}"
            )


def base_size(size: tuple[int, int], upscale: int) -> tuple[int, int]:
    """Return the size at which the generator of a cascade works.

    Args:
        size: width and height of the frames in pixels.
        upscale: factor by which the second network enlarges.

    Returns:
        The smallest width and height that a network can be built for and that, ``upscale`` times
        as large, cover the frames.
    """
    width, height = (_base_side(side, upscale) for side in size)
    return width, height


def default_upscale(size: tuple[int, int]) -> int:
    """Return the smallest factor with a base size of at most :data:`MAX_BASE_PIXELS` pixels."""
    for upscale in UPSCALES[:-1]:
        if math.prod(base_size(size, upscale)) <= MAX_BASE_PIXELS:
            return upscale
    return UPSCALES[-1]


def largest_side(limit: int) -> int:
    """Return the largest side of a network that is at most ``limit``; that itself if none is."""
    return max((side for side in _SIDES if side <= limit), default=limit)


def _base_side(side: int, upscale: int) -> int:
    """Return the smallest side of a network that is at least ``side / upscale``."""
    return min(each for each in _SIDES if each * upscale >= side)


@dataclass(frozen=True)
class Pyramid:
    """The levels of a network for one video size, from the smallest to the full size.

    Attributes:
        base: ``(frames, height, width)`` at the smallest level.
        strides: for each level ``(time, height, width)`` factors of 1 or 2.
    """

    base: tuple[int, int, int]
    strides: tuple[tuple[int, int, int], ...]

    @classmethod
    def build(cls, frames: int, height: int, width: int) -> "Pyramid":
        """Choose the levels; an axis with fewer doublings than levels doubles in the first ones.

        Args:
            frames: a power of two, or 1 for single frames.
            height: in pixels.
            width: in pixels.

        Raises:
            OptionError: no network can be built for the size.
        """
        # A discriminator may have a view of half of the size.
        (base_h, k_h), (base_w, k_w) = (split_side(s, MIN_SIDE // 2) for s in (height, width))
        depth = max(k_h, k_w)
        k_t = max(0, min((frames // BASE_FRAMES).bit_length() - 1, depth))
        counts = (k_t, k_h, k_w)
        strides = tuple(
            (2 if i < counts[0] else 1, 2 if i < counts[1] else 1, 2 if i < counts[2] else 1)
            for i in range(depth)
        )
        return cls((frames >> k_t, base_h, base_w), strides)
