"""The plan of a training, with a measured step: ``vidgan train --dry-run``."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgan import config as configs
from vidgan import runtime
from vidgan.config import TrainConfig, TrainingOptions
from vidgan.jobs.train import run_config
from vidgan.remote.arguments import takes_urls
from vidgan.training.run import Run

# Steps that are measured of each graph.
MEASURED = 5


@dataclass(frozen=True)
class TrainingPlan:
    """The configuration and estimated cost of a training.

    Attributes:
        run: the configuration; its folder does not exist.
        g_params: number of weights of the generator.
        d_params: number of weights of all discriminators.
        devices: number of devices that the training runs on.
        memory: estimated peak memory in bytes, for each of several devices.
        step_flops: floating-point operations of a step, averaged over steps.
        step_seconds: measured duration of a step, averaged over steps.
        epoch_clips: training clips per epoch.
        hours: duration of the whole budget at the measured speed, with that of tracing the graphs.
    """

    run: Run
    g_params: int
    d_params: int
    devices: int
    memory: int
    step_flops: float
    step_seconds: float
    epoch_clips: int
    hours: float

    def text(self) -> str:
        """Return the plan as lines for a terminal."""
        groups = self.run.options()
        options = groups["model"] | groups["train"]
        if self.run.task != configs.DEFAULT_TASK:
            options = {"task": self.run.task, **options}
        lines = [f"{name:>18}  {value}" for name, value in options.items()]
        width, height = self.run.size
        batch_size, speed = self.run.train.batch_size or 1, 1 / self.step_seconds
        each = f" on each of {self.devices} devices" if self.devices > 1 else ""
        hours = f"{self.hours:.1f} hours" if self.hours >= 1 else f"{60 * self.hours:.1f} minutes"
        lines += [
            f"{'clips':>18}  {self.run.frames} frames of {width}x{height} at {self.run.fps:g} "
            f"frames/s; {self.epoch_clips} an epoch",
            f"{'parameters':>18}  generator {self.g_params:,}, discriminator {self.d_params:,}",
            f"{'memory':>18}  about {self.memory / 2**30:.1f} GiB{each}",
            f"{'arithmetic':>18}  {self.step_flops / batch_size / 1e9:.2f} GFLOP a clip, "
            f"{self.step_flops * speed / 1e9:.1f} GFLOP/s",
            f"{'speed':>18}  {batch_size * speed:.1f} clips/s, {self.step_seconds:.2f} s a step",
            f"{'time':>18}  about {hours}",
        ]
        return "\n".join(lines)


def _seconds(train: TrainConfig, step: float, tracing: float, epoch_clips: int) -> float:
    """Return the duration of the budget: that of the limit that is reached first.

    Args:
        train: holds the limits.
        step: seconds of a step.
        tracing: seconds of tracing all graphs.
        epoch_clips: clips of an epoch.
    """
    epoch = epoch_clips / (train.batch_size or 1) * step
    seconds = [60 * train.minutes] if train.minutes is not None else []
    for limit, each in ((train.steps, step), (train.epochs, epoch)):
        if limit is not None:
            seconds.append(tracing + limit * each)
    return min(seconds)


def _durations(step: Callable[[Any], Any], batches: Iterator[Any]) -> tuple[float, float]:
    """Return the seconds of a step with its batch, and those that tracing its graph took."""
    times = []
    for _ in range(1 + MEASURED):
        start = time.perf_counter()
        float(next(iter(step(next(batches)).values())))
        times.append(time.perf_counter() - start)
    usual = statistics.median(times[1:])
    return usual, max(0.0, times[0] - usual)


@takes_urls()
def plan(datasets: Sequence[Path | str], options: TrainingOptions) -> TrainingPlan:
    """Measure a training step and return the plan of the training; write nothing.

    Args:
        datasets: folders of the datasets.
        options: the options of the training.

    Raises:
        VidganError: as for :func:`vidgan.train`.
    """
    runtime.prepare()
    import tensorflow as tf

    from vidgan import tasks
    from vidgan.dataset.pipeline import checked
    from vidgan.models import flops
    from vidgan.training import memory
    from vidgan.training.distribution import open_distribution
    from vidgan.training.epochs import epoch_clips

    folders = [Path(each) for each in datasets]
    manifests = run_config.load_datasets(options.task, folders)
    run = run_config.new_run(folders, manifests, Path(), options)
    found = tasks.find_task(run.task)
    run_config.check_batch_size(run)
    distribution = open_distribution(run.train.device)
    with tf.device(distribution.device):
        with distribution.scope():
            gan = found.build(run)
        run_config.check_memory(gan, run, distribution)
        # Batches are prepared while steps run, as in a training, which may slow both down.
        data = distribution.batches(lambda context: found.data(run, manifests, 0, context))
        batches = checked(data, *manifests)
        # Those of the first and the second half of the budget may differ.
        steps = [
            distribution.trace(step)
            for step in dict.fromkeys(gan.step_at(used) for used in (0.0, 1.0))
        ]
        durations = [_durations(step, batches) for step in steps]
        batch = next(batches)
        graphs = [step.get_concrete_function(batch) for step in steps]
    clips = epoch_clips(manifests[0], run)
    seconds = sum(step for step, _ in durations) / len(durations)
    tracing = sum(traced for _, traced in durations)
    return TrainingPlan(
        run,
        gan.g_params(),
        sum(network.count_params() for network in gan.discriminators.values()),
        distribution.replicas,
        memory.estimate_memory(gan, (run.train.batch_size or 1) // distribution.replicas),
        distribution.workers * sum(map(flops.count_graph_flops, graphs)) / len(graphs),
        seconds,
        clips,
        _seconds(run.train, seconds, tracing, clips) / 3600,
    )
