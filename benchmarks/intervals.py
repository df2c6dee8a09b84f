"""Coverage and cost of bootstrap intervals of distances.

    python benchmarks/intervals.py

Pairs of sets are drawn repeatedly; an interval should contain the mean distance of such pairs as
often as its level says. The usual bootstrap, which resamples clips and computes the distance again,
is compared with vidgan's. Takes some minutes. Writes the table to intervals.md.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from vidgan import metrics
from vidgan.metrics.interval import Interval

DIM = 32
LEVEL = 0.95
PAIRS = 200
REPLICATES = 200
COUNTS = (40, 200)
# Differences of the second set.
CHANGES = ("nothing", "variety")
COST_SIZES = ((2048, 64), (2048, 400), (2048, 2048))

Measure = Callable[[np.ndarray, np.ndarray], float]


def frechet(estimator: str) -> Measure:
    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return metrics.frechet_distance(metrics.Moments.of(a), metrics.Moments.of(b), estimator)

    return distance


MEASURES: dict[str, tuple[Measure, Callable[..., Interval]]] = {
    "Fréchet, empirical": (frechet("empirical"), metrics.bootstrap_frechet),
    "Fréchet, oas": (
        frechet("oas"),
        lambda a, b, **options: metrics.bootstrap_frechet(a, b, "oas", **options),
    ),
    "kernel": (metrics.kernel_distance, metrics.bootstrap_kernel),
}


def pair(random: np.random.Generator, count: int, change: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw two sets with tails heavier than a normal distribution's."""
    spread = np.arange(1, DIM + 1) ** -0.5
    other = spread.copy()
    if change == "variety":
        other[: DIM // 8] *= np.sqrt(0.5)

    def draw() -> np.ndarray:
        return random.normal(size=(count, DIM)) / np.sqrt(random.chisquare(7, (count, 1)) / 7)

    return draw() * spread, draw() * other


def usual(measure: Measure, a: np.ndarray, b: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the percentile interval of distances of sets resampled with replacement."""
    random, values = np.random.default_rng(seed), []
    for _ in range(REPLICATES):
        values.append(measure(*(x[random.integers(0, len(x), len(x))] for x in (a, b))))
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def coverage(name: str, count: int, change: str) -> str:
    measure, interval = MEASURES[name]
    random = np.random.default_rng(count)
    others = [measure(*pair(random, count, change)) for _ in range(400)]
    target, held, usually, widths = float(np.mean(others)), 0, 0, []
    for seed in range(PAIRS):
        a, b = pair(random, count, change)
        found = interval(a, b, level=LEVEL, replicates=REPLICATES, seed=seed)
        held += found.low <= target <= found.high
        widths.append(found.high - found.low)
        low, high = usual(measure, a, b, seed)
        usually += low <= target <= high
    wanted = np.subtract(*np.quantile(others, [(1 + LEVEL) / 2, (1 - LEVEL) / 2]))
    return (
        f"| {name} | {count} | {change} | {target:.3g} | {held / PAIRS:.0%} | "
        f"{np.mean(widths) / wanted:.2f} | {usually / PAIRS:.0%} |"
    )


def cost(count: int, dim: int) -> str:
    random = np.random.default_rng(0)
    spread = np.arange(1, dim + 1) ** -0.5
    sets = [random.normal(size=(count, dim)) * spread for _ in range(2)]
    cells = []
    for name in ("Fréchet, empirical", "kernel"):
        measure, interval = MEASURES[name]
        for call in (partial(measure, *sets), partial(interval, *sets, replicates=1000)):
            start = time.process_time()
            call()
            cells.append(f"{time.process_time() - start:.2f}")
    return f"| {count} × {dim} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args(arguments)
    rows = [
        coverage(name, count, change) for name in MEASURES for count in COUNTS for change in CHANGES
    ]
    costs = [cost(*size) for size in COST_SIZES]
    text = f"""# Bootstrap intervals of distances

Made by `benchmarks/intervals.py`. Features of {DIM} numbers with heavy tails; {PAIRS} pairs of
sets; intervals of {LEVEL:.0%} from {REPLICATES} replicates. The target of an
interval is the mean distance of 400 other pairs of the same size. *covered*: fraction of the
intervals that contain it. *width*: mean width over that of the middle {LEVEL:.0%} of those
distances; 1 is exact, more is conservative. *usual*: the percentile interval of distances between
sets resampled with replacement.

| distance | clips | changed | mean distance | covered | width | covered, usual |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

The usual interval fails because a resampled set has copies of clips, which look like lost variety
and raise the distance as much as fewer clips do. vidgan linearises the Fréchet distance in the
weights of the clips (each clip's influence) and leaves pairs of copies out of the kernel distance.

CPU seconds over all cores of the distance alone and with its interval of 1,000 replicates:

| clips × numbers | Fréchet | with interval | kernel | with interval |
|---|---|---|---|---|
{chr(10).join(costs)}
"""
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
