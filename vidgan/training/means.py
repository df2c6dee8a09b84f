"""Means of values over training steps."""

import math
from collections import defaultdict


class Means:
    """Means of the logs of steps; NaN, for values that were not computed, is ignored."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = defaultdict(float)
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, values: dict[str, float]) -> None:
        """Add the values of a step."""
        for name, value in values.items():
            if not math.isnan(value):
                self.sums[name] += value
                self.counts[name] += 1

    def take(self) -> dict[str, float]:
        """Return the means and reset them."""
        means = {name: self.sums[name] / self.counts[name] for name in self.sums}
        self.sums.clear()
        self.counts.clear()
        return means
