"""How fast a run generates clips."""

import statistics
import time

from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.result import MetricResult

# Timed repetitions after one to warm up, the median counts; fewer if they take too many seconds.
SPEED_RUNS, MAX_SECONDS = 7, 10.0


def speed(inputs: MetricInputs) -> list[MetricResult]:
    """Return clips and frames generated per second, from latent vectors to uint8 clips."""
    sampler, batch_size = inputs.sampler, inputs.config.batch_size
    assert sampler is not None, "needs a sampler"
    seed = inputs.config.seed
    noises = list(sampler.noises(range(seed, seed + batch_size)))

    def measured() -> float:
        start = time.perf_counter()
        for _ in sampler.stream(noises, batch_size):
            pass
        return time.perf_counter() - start

    measured()
    seconds = [measured()]
    while len(seconds) < SPEED_RUNS and sum(seconds) < MAX_SECONDS:
        seconds.append(measured())
    rate = batch_size / statistics.median(seconds)
    return [
        MetricResult(
            f"speed.{unit}",
            f"{unit} generated per second",
            "speed",
            value,
            better="higher",
            protocol={"batch_size": batch_size, "runs": len(seconds)},
        )
        for unit, value in (("clips", rate), ("frames", rate * sampler.frames))
    ]
