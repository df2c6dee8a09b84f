"""Held-out clips and the callback that measures on them, for tasks with clips as input."""

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

# A function of the model that returns values of metrics, one for each clip, by column of the log.
# The first metric chooses checkpoints.
Score = Callable[[AdversarialModel], Mapping[str, np.ndarray]]
# Larger frames are cropped to their centre.
MAX_SIDE = 128


def held_out(run: Run, manifest: Manifest, count: int, multiple: int) -> Iterator[np.ndarray]:
    """Yield evenly spaced clips of the test split, large frames cropped to their centre.

    Args:
        run: the run.
        manifest: one of its datasets; without a test split, training clips are used.
        count: maximum number of clips.
        multiple: height and width are rounded down to multiples of this.

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
    """Measures the moving average on held-out clips periodically.

    Args:
        context: the training.
        prepare: reads the clips before the first measurement; returns a short description of them
            and the function that computes the metrics.
        clips: approximate number of clips.
        rising: whether the first metric is better when it is higher.
    """

    def __init__(
        self,
        context: TrainingContext,
        prepare: Callable[[], tuple[str, Score]],
        clips: int,
        rising: bool = True,
    ) -> None:
        super().__init__(
            context.run, context.progress, context.save, context.notify, clips, context.clock
        )
        self.manifests, self.read = context.manifests, prepare
        self.rising = rising
        self.mark: np.ndarray | None = None  # Of this session.

    def possible(self) -> bool:
        """Return whether all datasets have a test split; notify if not."""
        covered = span(self.run.frames, self.run.stride)
        without = [each for each in self.manifests if not each.splits["test"].clips(covered)]
        for manifest in without:
            self.notify(
                f"{manifest.path} holds out no clips of {covered} frames, so metrics are not "
                "measured; give preprocess a --test-share above 0"
            )
        return not without

    def prepare(self) -> None:
        """Read the held-out clips."""
        self.protocol, self.score = self.read()

    def measure(self) -> tuple[dict[str, float], Measurement]:
        """Return the current metrics."""
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
