"""The callback that measures while training: for the log, the best checkpoint and an early stop."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from vidgan import latents
from vidgan.dataset.manifest import Manifest
from vidgan.metrics.features import FEATURES
from vidgan.training import distances, weights
from vidgan.training.distances import METRICS, Distance, Reference
from vidgan.training.loop import Progress
from vidgan.training.run import Run
from vidgan.training.sampling import Sampler
from vidgan.training.state import Measurement, read_measurement

# Not the seeds that evaluate begins with: a checkpoint chosen by those would look better there than
# it is.
FIRST_SEED = 10**6
# What the first measurement is taken to cost before there was one: seconds to read and embed the
# real clips and to build graphs, and of a clip made a share of the time that training on one takes.
START_SECONDS = 3.0
CLIP_SHARE = 0.5


class Measuring(keras.callbacks.Callback):
    """Measures the moving average's distance to real clips now and then.

    Measurements, and saving checkpoints because of them, take at most ``--metric-share`` of the
    time spent training; the first one's cost is estimated. One more is kept in reserve for the last
    step. What they find is added to the step's logs and to ``progress``, for callbacks that come
    after this one. Training itself is not touched: nothing here draws from a random generator that
    a step uses.

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
        sampler: Sampler,
        save: Callable[[], None],
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self.run, self.manifest, self.progress = run, manifest, progress
        self.sampler, self.save, self.tell, self.clock = sampler, save, tell, clock
        self.names = distances.parse(run.train.metrics)
        self.split: str | None = None
        self.reference: Reference | None = None
        self.best: Measurement | None = None
        self.mark: Distance | None = (
            None  # Of this sitting; what is known of earlier ones is saved.
        )
        self.count, self.spent, self.cost = 0, 0.0, 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """See what there is to compare with, and which checkpoint is the best so far."""
        self.split, line = distances.choose_split(self.run, self.manifest)
        if line:
            self.tell(line)
        best = self.run.best()
        self.best = None if best is None else read_measurement(best)
        self.began = self.measured_at = self.progress.seconds
        self.clips = self.progress.clips

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Measure when it is time."""
        if self.split is None or not self._due():
            return
        weights.check_finite(self.model, batch)
        start = self.clock()
        if self.reference is None:
            self.reference = self._prepare(self.split)
        # What is done once is spent, but says nothing of the next measurement.
        prepared = self.clock()
        figures = self._measure(self.reference)
        (logs or {}).update({distances.column(name): figures[name].value for name in figures})
        self._follow(batch, self.reference.protocol, figures[self.names[0]])
        end = self.clock()
        self.cost = end - prepared
        self.spent += end - start
        self.count += 1
        self.measured_at = self.progress.seconds

    def _due(self) -> bool:
        trained = self.progress.seconds - self.began
        last = self.progress.share >= 1
        if not last and self.progress.seconds - self.measured_at < 60 * self._minutes:
            return False
        per_clip = trained / (self.progress.clips - self.clips)
        cost = self.cost or START_SECONDS + CLIP_SHARE * distances.MADE * per_clip
        # In mid-training the cost of the last step's measurement stays in reserve.
        return self.spent + (1 if last else 2) * cost <= self.run.train.metric_share * trained

    @property
    def _minutes(self) -> float:
        """Return how many minutes lie between two measurements at least."""
        given = self.run.train.metric_minutes
        # The best are saved, which must not write checkpoints much more often than snapshots do.
        return self.run.train.snapshot_minutes / 2 if given is None else given

    def _prepare(self, split: str) -> Reference:
        """Embed the real clips, once, and draw the latents that all measurements share."""
        name = distances.FEATURES_NAME
        self.embed = FEATURES[name].load()
        reference = Reference.load(self.run, self.manifest, split, name, self.embed)
        seeds = range(FIRST_SEED, FIRST_SEED + distances.MADE)
        self.latents = latents.from_seeds(self.run.latents(), seeds)
        if self.run.model.conditional:
            # As frequent as among the real clips, which come in the order of the dataset.
            places = np.linspace(0, len(reference.labels) - 1, distances.MADE).round().astype(int)
            self.latents["label"] = reference.labels[places]
        return reference

    def _measure(self, reference: Reference) -> dict[str, Distance]:
        """Return the distances of the weights as they are now."""
        clips = self.sampler.batches(self.latents)
        made = np.concatenate([self.embed(batch) for batch in clips])
        return {name: METRICS[name](reference.features, made) for name in self.names}

    def _follow(self, step: int, protocol: str, found: Distance) -> None:
        """Keep the checkpoint if it is the best, stop if none was for long."""
        best, last = self.best, self.progress.measurement
        if self.mark is not None:
            noise = found.noise(self.mark)
        else:
            noise = 0.0 if last is None else last.noise
        measured = Measurement(step, self.names[0], protocol, found.value, mark=found.value)
        measured = measured.after(last, noise)
        if not measured.waited:
            self.mark = found
        self.progress.measurement = measured
        if best is None or not measured.comparable(best) or measured.value < best.value:
            self.best = measured
            self.save()
        patience = self.run.train.patience
        if patience and measured.waited >= patience:
            self.model.stop_training = True

    def summary(self) -> str | None:
        """Return what was measured in this sitting, None where nothing was."""
        last, best = self.progress.measurement, self.best
        if not self.count or last is None or best is None:
            return None
        share = self.spent / (self.progress.seconds - self.began)
        lines = [
            f"Metrics: {best.metric} distance {best.value:.3g} at step {best.step}, the best "
            f"(--checkpoint best); {last.value:.3g} at step {last.step}, the last. {self.count} "
            f"measurements took {share:.1%} of the training time."
        ]
        if self.model.stop_training:
            lines.append(
                f"Stopped early: {last.waited} measurements in a row were no better than chance "
                f"would have it. Go on with: vidgan train --resume {self.run.path} --patience 0"
            )
        return "\n".join(lines)
