"""How fast a run generates."""

import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vidgan.config import EvaluateConfig
from vidgan.metrics.figure import Figure

if TYPE_CHECKING:
    from vidgan.jobs.generate.sampler import Sampler

# Generation is timed so many times, after one batch that warms it up; the median counts.
SPEED_RUNS = 7


def speed(sampler: "Sampler", config: EvaluateConfig) -> Iterator[Figure]:
    """Time batches from latents to uint8 clips, warm; the median counts."""
    noises = list(sampler.noises(range(config.seed, config.seed + config.batch_size)))
    seconds = []
    for _ in range(1 + SPEED_RUNS):
        start = time.perf_counter()
        for _ in sampler.stream(noises, config.batch_size):
            pass
        seconds.append(time.perf_counter() - start)
    rate = config.batch_size / statistics.median(seconds[1:])
    settings = {"batch_size": config.batch_size, "runs": SPEED_RUNS}
    for unit, value in (("clips", rate), ("frames", rate * sampler.frames)):
        yield Figure(
            f"speed.{unit}",
            f"{unit} generated a second",
            "speed",
            value,
            better="higher",
            protocol=settings,
        )
