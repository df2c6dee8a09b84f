"""Ranges of numbers as options: ``0..25``, or one number for both ends."""

import math

from vidgan.errors import OptionError


def parse_range(name: str, text: str, low: float, high: float) -> tuple[float, float]:
    """Return both ends of a range.

    Args:
        name: the option, for errors.
        text: what the user gave, such as ``0..25`` or ``25``.
        low: the least number allowed.
        high: the greatest number allowed.

    Raises:
        OptionError: it is no range, falls, or leaves the bounds.
    """
    first, _, last = text.partition("..")
    try:
        ends = float(first), float(last or first)
    except ValueError:
        ends = math.nan, math.nan
    if not low <= ends[0] <= ends[1] <= high:
        raise OptionError(
            f"{name} {text!r} is neither a number nor a range such as {low:g}..{high:g}, "
            "which are the bounds"
        )
    return ends
