"""Which video sizes a network can be built for, and how deep it becomes."""

from dataclasses import dataclass

from vidgan.config import MAX_SIDE, MIN_SIDE
from vidgan.errors import OptionError

# The temporal extent at the deepest level. Two frames there let motion start from a difference.
BASE_FRAMES = 2


def split_side(side: int, smallest: int = MIN_SIDE) -> tuple[int, int]:
    """Split a side in pixels into ``base × 2^doublings`` with ``base`` in 4…7.

    Raises:
        OptionError: the side is out of range or does not split; names the nearest that do.
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
        strides: one ``(time, height, width)`` factor of 1 or 2 a level.
    """

    base: tuple[int, int, int]
    strides: tuple[tuple[int, int, int], ...]

    @classmethod
    def build(cls, frames: int, height: int, width: int) -> "Pyramid":
        """Plan the levels; an axis with fewer doublings than levels doubles in the first ones.

        Args:
            frames: a power of two, or 1 for single pictures.
            height: in pixels.
            width: in pixels.

        Raises:
            OptionError: the size does not split.
        """
        # A discriminator may see half of the size.
        (base_h, k_h), (base_w, k_w) = (split_side(s, MIN_SIDE // 2) for s in (height, width))
        depth = max(k_h, k_w)
        k_t = max(0, min((frames // BASE_FRAMES).bit_length() - 1, depth))
        counts = (k_t, k_h, k_w)
        strides = tuple(
            (2 if i < counts[0] else 1, 2 if i < counts[1] else 1, 2 if i < counts[2] else 1)
            for i in range(depth)
        )
        return cls((frames >> k_t, base_h, base_w), strides)
