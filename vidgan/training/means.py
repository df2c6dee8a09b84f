"""Means over training steps."""

import math
from collections import defaultdict


class Means:
    """Means of what steps report; a value that was not measured in a step (NaN) does not count."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = defaultdict(float)
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, values: dict[str, float]) -> None:
        """Take in one step's values."""
        for name, value in values.items():
            if not math.isnan(value):
                self.sums[name] += value
                self.counts[name] += 1

    def take(self) -> dict[str, float]:
        """Return the means and start anew."""
        means = {name: self.sums[name] / self.counts[name] for name in self.sums}
        self.sums.clear()
        self.counts.clear()
        return means
