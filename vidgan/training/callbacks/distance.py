"""The callback that measures the distance to real clips while training."""

import time
from collections.abc import Callable

import numpy as np

from vidgan import latents
from vidgan.dataset.manifest import Manifest
from vidgan.metrics.features import FEATURES
from vidgan.training import distances
from vidgan.training.callbacks.periodic import PeriodicMonitor
from vidgan.training.distances import METRICS, Distance, Reference
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler
from vidgan.training.state import Measurement

# Not the seeds that evaluate begins with: a checkpoint chosen by those would look better there than
# it is.
FIRST_SEED = 10**6
# What the first measurement is taken to cost before there was one: seconds to read and embed the
# real clips and to build graphs, and of a clip made a share of the time that training on one takes.
START_SECONDS = 3.0
CLIP_SHARE = 0.5


class DistanceMonitor(PeriodicMonitor):
    """Measures the moving average's distance to real clips now and then.

    Args:
        run: the run; the first of its ``--metrics`` chooses the best checkpoint.
        manifest: its dataset.
        progress: of the training.
        sampler: makes the clips.
        save: saves a checkpoint; called when a figure is the best so far.
        tell: called with a line.
        clock: returns seconds; what training is measured by.
    """

    def __init__(
        self,
        run: Run,
        manifest: Manifest,
        progress: Progress,
        sampler: EmaSampler,
        save: Callable[[], None],
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(run, progress, save, tell, clock)
        self.manifest, self.sampler = manifest, sampler
        self.names = distances.parse(run.train.metrics)
        # Of this sitting; what is known of earlier ones is saved.
        self.mark: Distance | None = None

    def possible(self) -> bool:
        """Choose the split of the dataset that has clips enough; tell where there is none."""
        self.split, line = distances.choose_split(self.run, self.manifest)
        if line:
            self.tell(line)
        return self.split is not None

    def first_cost(self, per_clip: float) -> float:
        """Return what the first measurement will take in seconds."""
        return START_SECONDS + CLIP_SHARE * distances.MADE * per_clip

    def prepare(self) -> None:
        """Embed the real clips, once, and draw the latents that all measurements share."""
        assert self.split is not None
        name = distances.FEATURES_NAME
        self.embed = FEATURES[name].load()
        self.reference = Reference.load(self.run, self.manifest, self.split, name, self.embed)
        seeds = range(FIRST_SEED, FIRST_SEED + distances.MADE)
        self.latents = latents.from_seeds(self.run.latents(), seeds)
        if self.run.model.conditional:
            # As frequent as among the real clips, which come in the order of the dataset.
            labels = self.reference.labels
            places = np.linspace(0, len(labels) - 1, distances.MADE).round().astype(int)
            self.latents["label"] = labels[places]

    def measure(self) -> tuple[dict[str, float], Measurement]:
        """Return the distances of the weights as they are now; the first chooses checkpoints."""
        clips = self.sampler.batches(self.latents)
        made = np.concatenate([self.embed(batch) for batch in clips])
        found = {name: METRICS[name](self.reference.features, made) for name in self.names}
        figures = {distances.column(name): found[name].value for name in found}
        return figures, self._chosen_by(found[self.names[0]])

    def _chosen_by(self, found: Distance) -> Measurement:
        """Return the figure that chooses checkpoints, as one that follows the last."""
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
