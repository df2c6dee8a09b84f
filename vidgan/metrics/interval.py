"""Confidence intervals."""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError, OptionError

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval.

    Attributes:
        value: the value.
        low: lower end of the interval.
        high: upper end of the interval.
        level: of confidence: the fraction of such intervals, over other samples of clips, that
            contain the expected value.
    """

    value: float
    low: float
    high: float
    level: float


def check_level(level: float) -> None:
    """Check a level of confidence.

    Raises:
        OptionError: it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise OptionError(f"a confidence level of {level} is not between 0 and 1")


def proportion_interval(mask: np.ndarray, level: float = LEVEL) -> Interval:
    """Return a fraction of clips with Wilson's interval, which has a width at 0 and 1 as well.

    Args:
        mask: bool ``(n,)``, such as ``Neighbourhoods.precise``.
        level: of confidence, in (0, 1).

    Raises:
        InputError: no clips, or another shape.
        OptionError: the level is not between 0 and 1.
    """
    from scipy.stats import binomtest

    check_level(level)
    found = np.asarray(mask, bool)
    if found.ndim != 1 or not len(found):
        raise InputError(f"a fraction needs the shape (clips,), found {found.shape}")
    bounds = binomtest(int(found.sum()), len(found)).proportion_ci(level, "wilson")
    return Interval(float(found.mean()), float(bounds.low), float(bounds.high), level)
