"""Held-out clips, and the callback that measures on them, of tasks that have an original."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np

from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.pipeline import labelled_clips
from vidgan.training.adversarial import AdversarialModel
from vidgan.training.callbacks.periodic import PeriodicMonitor
from vidgan.training.context import TrainingContext
from vidgan.training.run import Run
from vidgan.training.state import Measurement

# From the model to figures, a value a clip: for the log by column, the one that chooses first.
Score = Callable[[AdversarialModel], Mapping[str, np.ndarray]]
# What the first measurement is taken to cost before there was one: seconds to read clips and to
# build graphs, and of a clip a share of the time that training on one takes.
START_SECONDS = 3.0
CLIP_SHARE = 0.5
# Of large frames only the middle is measured, and shown.
MAX_SIDE = 128


def held_out(run: Run, manifest: Manifest, count: int, multiple: int) -> Iterator[np.ndarray]:
    """Yield clips that training does not see, evenly chosen; of large frames the middle.

    Args:
        run: the run.
        manifest: a dataset of it; one that holds nothing out gives training clips.
        count: how many at most.
        multiple: what sides are multiples of.

    Yields:
        uint8 ``(frames, height, width, 3)``.
    """
    covered = span(run.frames, run.stride)
    split = "test" if manifest.splits["test"].clips(covered) else "train"
    every = max(1, manifest.splits[split].clips(covered) // count)
    sides = [min(side, MAX_SIDE) // multiple * multiple for side in run.size]
    left, top = ((whole - side) // 2 for whole, side in zip(run.size, sides, strict=True))
    clips = labelled_clips(manifest, split, run.frames, run.stride, every)
    for clip, _ in islice(clips, count):
        yield clip[:, top : top + sides[1], left : left + sides[0]]


class HeldOutMonitor(PeriodicMonitor):
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
        sitting: TrainingContext,
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
