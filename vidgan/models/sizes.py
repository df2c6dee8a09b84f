"""Video sizes that a network can be built for, and the levels that follow."""

from dataclasses import dataclass

from vidgan.config import MAX_SIDE, MIN_SIDE
from vidgan.errors import OptionError

# Frames at the smallest level: with two, motion can start from their difference.
BASE_FRAMES = 2


def split_side(side: int, smallest: int = MIN_SIDE) -> tuple[int, int]:
    """Factor a side in pixels into ``base × 2^doublings`` with ``base`` in 4…7.

    Raises:
        OptionError: the side is out of range or has no such factors; names the nearest that do.
    """
    base, doublings = side, 0
    while base > 7 and base % 2 == 0:
        base, doublings = base // 2, doublings + 1
    if smallest <= side <= MAX_SIDE and 4 <= base <= 7:
        return base, doublings
    fitting = sorted(
        (b << k for b in range(4, 8) for k in range(8) if MIN_SIDE <= b << k <= MAX_SIDE),
        key=lambda fit: abs(fit - side),
    )
    raise OptionError(
        f"a side of {side} pixels does not split as 4…7 × 2^k within {MIN_SIDE}…{MAX_SIDE}; "
        f"preprocess again with --size using {fitting[0]} or {fitting[1]}"
    )


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
