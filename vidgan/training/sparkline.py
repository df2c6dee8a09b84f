"""Sparklines: the course of a value in a few characters."""

import itertools
import math
from collections.abc import Sequence

# From the lowest value to the highest one; those of ASCII are as high as what they stand for.
BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-'"
_LENGTH = 12


def sparkline(values: Sequence[float], encoding: str | None) -> str:
    """Return a text in which falling values are seen to fall.

    Args:
        values: oldest first; the scale is logarithmic if all are positive. Those that are not
            finite are left out.
        encoding: of the terminal; one without block characters gets ASCII.

    Returns:
        At most 12 characters, each for as many values as another; "" for fewer than two values.
    """
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return ""
    if min(finite) > 0:
        finite = [math.log(value) for value in finite]
    count = min(_LENGTH, len(finite))
    edges = [len(finite) * place // count for place in range(count + 1)]
    means = [
        math.fsum(finite[start:end]) / (end - start) for start, end in itertools.pairwise(edges)
    ]
    levels = BLOCKS if _can_encode(BLOCKS, encoding) else ASCII
    low, span = min(means), (max(means) - min(means)) or 1.0
    return "".join(
        levels[min(len(levels) - 1, int(len(levels) * (mean - low) / span))] for mean in means
    )


def _can_encode(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
