"""How fast a run generates clips."""

import statistics
import time

from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.result import MetricResult

# Timed repetitions after one to warm up; the median counts.
SPEED_RUNS = 7


def speed(inputs: MetricInputs) -> list[MetricResult]:
    """Return clips and frames generated per second, from latent vectors to uint8 clips."""
    sampler, batch_size = inputs.sampler, inputs.config.batch_size
    assert sampler is not None, "needs a sampler"
    seed = inputs.config.seed
    noises = list(sampler.noises(range(seed, seed + batch_size)))
    seconds = []
    for _ in range(1 + SPEED_RUNS):
        start = time.perf_counter()
        for _ in sampler.stream(noises, batch_size):
            pass
        seconds.append(time.perf_counter() - start)
    rate = batch_size / statistics.median(seconds[1:])
    return [
        MetricResult(
            f"speed.{unit}",
            f"{unit} generated per second",
            "speed",
            value,
            better="higher",
            protocol={"batch_size": batch_size, "runs": SPEED_RUNS},
        )
        for unit, value in (("clips", rate), ("frames", rate * sampler.frames))
    ]
