"""A figure with its confidence interval."""

from dataclasses import dataclass

import numpy as np

from vidgan.errors import InputError, OptionError

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure with its confidence interval.

    Attributes:
        value: the figure itself.
        low: the interval's lower end.
        high: its upper end.
        level: how often such intervals hold what the figure would be on average over other clips.
    """

    value: float
    low: float
    high: float
    level: float


def check_level(level: float) -> None:
    """Refuse a level of confidence that is none.

    Raises:
        OptionError: it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise OptionError(f"a confidence level of {level} is not between 0 and 1")


def proportion_interval(held: np.ndarray, level: float = LEVEL) -> Interval:
    """Return a share of clips with Wilson's interval, which has a width at 0 and 1 as well.

    Args:
        held: bool ``(n,)``, such as ``Neighbourhoods.precise``.
        level: of confidence, in (0, 1).

    Raises:
        InputError: no clips, or another shape.
        OptionError: a level that cannot be.
    """
    from scipy.stats import binomtest

    check_level(level)
    found = np.asarray(held, bool)
    if found.ndim != 1 or not len(found):
        raise InputError(f"a share needs the shape (clips,), found {found.shape}")
    bounds = binomtest(int(found.sum()), len(found)).proportion_ci(level, "wilson")
    return Interval(float(found.mean()), float(bounds.low), float(bounds.high), level)
