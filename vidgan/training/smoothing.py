"""Smoothing of noisy curves."""

import numpy as np

# Curves of at least so many values are smoothed, each value over this fraction of them.
_MIN_VALUES, _FRACTION = 40, 0.05
# The fraction of the values at each end that an axis leaves out: a spike would flatten the rest.
_SPIKES = 0.01
# Of the range that an axis covers, at each end.
_MARGIN = 0.08


def is_smoothed(values: np.ndarray) -> bool:
    """Return whether there are enough values to smooth them."""
    return len(values) >= _MIN_VALUES


def smooth(values: np.ndarray, logarithmic: bool = False) -> np.ndarray:
    """Return the mean of each value's neighbourhood, which is smaller at the ends of the curve.

    Args:
        values: ``(n,)``; those that are not finite do not count.
        logarithmic: average the logarithms; values that have none do not count either.

    Returns:
        float64 ``(n,)``; NaN where nothing in the neighbourhood counts.
    """
    counts = np.isfinite(values) & ((values > 0) | (not logarithmic))
    filled = np.where(counts, values, 1.0)
    window = np.ones(2 * max(1, round(len(values) * _FRACTION / 2)) + 1)
    sums, numbers = (
        np.convolve(each, window, mode="same")
        for each in (counts * (np.log(filled) if logarithmic else filled), counts.astype(float))
    )
    means = np.where(numbers > 0.5, sums / np.maximum(numbers, 1), np.nan)
    return np.exp(means) if logarithmic else means


def usual_range(values: list[float], spikes: bool = False) -> tuple[float, float] | None:
    """Return the range of an axis on which differences that matter are seen.

    Args:
        values: finite ones.
        spikes: whether the axis covers all values; else it leaves spikes of a long curve out.

    Returns:
        Lowest and highest value with a margin; None without values.
    """
    if not values:
        return None
    share = 0 if spikes or len(values) < _MIN_VALUES else _SPIKES
    low, high = np.quantile(values, (share, 1 - share))
    # Values that hardly differ are not magnified.
    margin = max(_MARGIN * (high - low), 0.02 * abs(high)) or 1.0
    return float(low - margin), float(high + margin)
