"""The callback that measures distances between generated and real clips."""

import time
from collections.abc import Callable

import numpy as np

from vidgan import latents
from vidgan.dataset.manifest import Manifest
from vidgan.metrics.features import FEATURES
from vidgan.training import distance_metrics
from vidgan.training.callbacks.periodic import PeriodicMonitor
from vidgan.training.distance_metrics import METRICS, Distance, Reference
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler
from vidgan.training.state import Measurement, distance_column

# Other seeds than evaluate's, where a checkpoint that was chosen by them would look too good.
FIRST_SEED = 10**6


class DistanceMonitor(PeriodicMonitor):
    """Measures distances between clips of the moving average and real clips periodically.

    Args:
        run: the run; the first of its ``--metrics`` chooses the best checkpoint.
        manifest: its dataset.
        progress: progress of the training.
        sampler: generates the clips.
        save: saves a checkpoint; called for the best measurement so far.
        notify: receives messages for the user.
        clock: returns seconds; measures the time of training.
    """

    def __init__(
        self,
        run: Run,
        manifest: Manifest,
        progress: Progress,
        sampler: EmaSampler,
        save: Callable[[], None],
        notify: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(run, progress, save, notify, distance_metrics.GENERATED, clock)
        self.manifest, self.sampler = manifest, sampler
        self.names = distance_metrics.parse(run.train.metrics)
        # The reference for improvements, in this session; its value is saved in checkpoints.
        self.mark: Distance | None = None

    def possible(self) -> bool:
        """Choose real clips; notify if they are not test clips."""
        self.real, message = distance_metrics.choose_real_clips(self.run, self.manifest)
        if message:
            self.notify(message)
        return self.real is not None

    def prepare(self) -> None:
        """Embed the real clips and draw the latents that all measurements share."""
        assert self.real is not None
        name = distance_metrics.FEATURES_NAME
        self.embed = FEATURES[name].load()
        self.reference = Reference.load(self.run, self.manifest, self.real, name, self.embed)
        seeds = range(FIRST_SEED, FIRST_SEED + distance_metrics.GENERATED)
        self.latents = latents.from_seeds(self.run.latents(), seeds)
        if self.run.model.conditional:
            # With the frequencies of the real clips, which are in the order of the dataset.
            labels = self.reference.labels
            places = np.linspace(0, len(labels) - 1, distance_metrics.GENERATED).round().astype(int)
            self.latents["label"] = labels[places]

    def measure(self) -> tuple[dict[str, float], Measurement]:
        """Return the current distances; the first one chooses checkpoints."""
        clips = self.sampler.batches(self.latents)
        features = np.concatenate([self.embed(batch) for batch in clips])
        found = {name: METRICS[name](self.reference.features, features) for name in self.names}
        figures = {distance_column(name): found[name].value for name in found}
        return figures, self._to_measurement(found[self.names[0]])

    def _to_measurement(self, found: Distance) -> Measurement:
        """Return a distance as a measurement that follows the last one."""
        last = self.progress.measurement
        if self.mark is not None:
            noise = found.noise(self.mark)
        else:
            noise = 0.0 if last is None else last.noise
        step, protocol = self.progress.step, self.reference.protocol
        measured = Measurement(step, self.names[0], protocol, found.value, mark=found.value)
        measured = measured.after(last, noise)
        if not measured.waited:
            self.mark = found
        return measured
