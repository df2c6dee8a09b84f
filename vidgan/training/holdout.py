"""The callback that measures on held-out clips while training, of tasks that have an original."""

from collections.abc import Callable, Mapping

import numpy as np

from vidgan.dataset.manifest import span
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.periodic import PeriodicMeasuring
from vidgan.training.state import Measurement
from vidgan.training.tasks.base import Sitting

# From the model to figures, a value a clip: for the log by column, the one that chooses first.
Score = Callable[[AdversarialModel], Mapping[str, np.ndarray]]
# What the first measurement is taken to cost before there was one: seconds to read clips and to
# build graphs, and of a clip a share of the time that training on one takes.
START_SECONDS = 3.0
CLIP_SHARE = 0.5


class Holdout(PeriodicMeasuring):
    """Measures figures of the moving average on held-out clips now and then.

    Args:
        sitting: the training.
        prepare: reads the clips, once; returns what is compared with what, in words, and how it
            is scored. Called before the first measurement.
        clips: how many there will be, about.
        rising: whether the first figure is better the higher it is.
    """

    def __init__(
        self,
        sitting: Sitting,
        prepare: Callable[[], tuple[str, Score]],
        clips: int,
        rising: bool = True,
    ) -> None:
        super().__init__(sitting.run, sitting.progress, sitting.save, sitting.tell, sitting.clock)
        self.manifests, self.read, self.clips_read = sitting.manifests, prepare, clips
        self.rising = rising
        self.mark: np.ndarray | None = None  # Of this sitting.

    def possible(self) -> bool:
        """Return whether the datasets hold out a clip; tell where they do not."""
        covered = span(self.run.frames, self.run.stride)
        bare = [each for each in self.manifests if not each.splits["test"].clips(covered)]
        for manifest in bare:
            self.tell(
                f"{manifest.path} holds out no clip of {covered} frames: nothing is measured while "
                "training; give --test-share of preprocess more than 0"
            )
        return not bare

    def first_cost(self, per_clip: float) -> float:
        """Return what the first measurement will take in seconds."""
        return START_SECONDS + CLIP_SHARE * self.clips_read * per_clip

    def prepare(self) -> None:
        """Read the held-out clips."""
        self.protocol, self.score = self.read()

    def measure(self) -> tuple[dict[str, float], Measurement]:
        """Return the figures of the weights as they are now."""
        found = {name: np.asarray(values) for name, values in self.score(self.model).items()}
        name, values = next(iter(found.items()))
        last = self.progress.measurement
        if self.mark is not None:
            noise = float(np.std(values - self.mark)) / len(values) ** 0.5
        else:
            noise = 0.0 if last is None else last.noise
        mean = float(values.mean())
        measured = Measurement(
            self.progress.step, name, self.protocol, mean, mark=mean, rising=self.rising
        ).after(last, noise)
        if not measured.waited:
            self.mark = values
        return {key: float(each.mean()) for key, each in found.items()}, measured
