"""The largest picture that is decoded: a small file may declare one that fills the memory."""

import os
from pathlib import Path

from vidgan.errors import InputError, OptionError

# 8192 x 8192, which holds video of 8K.
DEFAULT_MAX_PIXELS = 1 << 26
VARIABLE = "VIDGAN_MAX_PIXELS"


def max_pixels() -> int:
    """Return the most pixels of a picture: ``$VIDGAN_MAX_PIXELS`` or the default.

    Raises:
        OptionError: the variable is no positive number.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return DEFAULT_MAX_PIXELS
    if not text.isdecimal() or not int(text):
        raise OptionError(f"{VARIABLE}={text} is no number of pixels; use a whole number above 0")
    return int(text)


def check_pixels(name: Path | str, width: int, height: int) -> None:
    """Check the declared size of a picture before it is decoded.

    Raises:
        InputError: it has more than :func:`max_pixels`.
    """
    limit = max_pixels()
    if width * height > limit:
        raise InputError(
            f"{name}: {width}x{height} is more than {limit} pixels, the most that are decoded; "
            f"where memory suffices, set {VARIABLE}={width * height}"
        )
