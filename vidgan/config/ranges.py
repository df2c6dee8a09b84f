"""Options that are ranges of numbers: ``0..25``, or one number for both ends."""

import math

from vidgan.errors import OptionError


def parse_range(name: str, text: str, low: float, high: float) -> tuple[float, float]:
    """Return both ends of a range.

    Args:
        name: the option, for errors.
        text: the value, such as ``0..25`` or ``25``.
        low: smallest number allowed.
        high: largest number allowed.

    Raises:
        OptionError: the text is not a range, its ends are in the wrong order or out of bounds.
    """
    first, _, last = text.partition("..")
    try:
        ends = float(first), float(last or first)
    except ValueError:
        ends = math.nan, math.nan
    if not low <= ends[0] <= ends[1] <= high:
        raise OptionError(
            f"{name} {text!r} is neither a number nor a range within the bounds {low:g}..{high:g}"
        )
    return ends
