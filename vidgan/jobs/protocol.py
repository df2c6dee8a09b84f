"""What a run is judged on: which clips, how many, and whether they serve."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vidgan.config import MIN_GENERATED, EvaluateConfig
from vidgan.dataset.manifest import Manifest, span
from vidgan.errors import DatasetError, OptionError

if TYPE_CHECKING:
    from vidgan.jobs.judge import Judgement
    from vidgan.metrics import Features
    from vidgan.training.run import Run


Item = TypeVar("Item")


@dataclass(frozen=True)
class Counts:
    """How many clips are looked at.

    Attributes:
        test: all windows of the test split.
        train: training windows, chosen at random; the generated clips that are compared with the
            test clips are as many, so that the floor is measured as they are.
        in_train: windows of the training split.
        generated: clips generated.
    """

    test: int
    train: int
    in_train: int
    generated: int


def open_dataset(run: "Run", dataset: Path | str | None) -> Manifest:
    """Load the dataset to judge on, by default the run's own.

    Raises:
        DatasetError: it is not there, damaged, its frames are of another size than the run's, or
            it has a label that a conditional run does not know.
    """
    folder = Path(dataset) if dataset is not None else run.dataset
    if dataset is None and not folder.exists():
        raise DatasetError(
            f"{folder}: the dataset of {run.path} is not there any more; say with --dataset where"
        )
    manifest = Manifest.load(folder)
    if manifest.size != run.size:
        raise DatasetError(
            f"{folder}: frames are {manifest.width}x{manifest.height}, {run.path} makes "
            f"{run.size[0]}x{run.size[1]}; evaluate it on a dataset of that size"
        )
    unknown = sorted({*manifest.labels} - {*run.model.labels})
    if run.model.conditional and (unknown or not manifest.labels):
        found = f"the label {unknown[0]!r}" if unknown else "no labels"
        raise DatasetError(
            f"{folder}: it has {found}, {run.path} was trained on "
            f"{', '.join(run.model.labels)}; evaluate it on a dataset with those"
        )
    return manifest


def labelled(run: "Run", manifest: Manifest, split: str) -> Iterator[tuple[np.ndarray, int]]:
    """Yield a split's clips with their labels, of a conditional run by the numbers it knows.

    Raises:
        DatasetError: a shard is missing or damaged.
    """
    from vidgan.dataset.pipeline import labelled_clips

    known = run.model.labels
    numbers = [known.index(name) for name in manifest.labels] if run.model.conditional else None
    for clip, label in labelled_clips(manifest, split, run.frames, run.stride):
        yield clip, int(label) if numbers is None else numbers[label]


def require_frames(run: "Run", features: "Features") -> None:
    """See that the features can embed clips as long as the run's.

    Raises:
        OptionError: they need more frames.
    """
    if run.frames < features.min_frames:
        raise OptionError(
            f"--features {features.name} needs clips of {features.min_frames} frames, {run.path} "
            f"makes {run.frames}; choose other features"
        )


def count_clips(run: "Run", manifest: Manifest, config: EvaluateConfig) -> Counts:
    """Work out how many clips will be looked at.

    Raises:
        DatasetError: fewer than two test or training clips.
    """
    covered = span(run.frames, run.stride)
    lengths = manifest.splits["test"].lengths
    if not lengths:
        raise DatasetError(
            f"{manifest.path}: there is no test split; make the dataset again with vidgan "
            "preprocess and a --test-share above 0"
        )
    test, train = (manifest.splits[name].clips(covered) for name in ("test", "train"))
    if test == 0:
        raise DatasetError(
            f"{manifest.path}: the longest test shot has {max(lengths)} frames, a clip of "
            f"{run.path} needs {covered}; use longer videos or a larger --test-share"
        )
    if min(test, train) < 2:
        raise DatasetError(
            f"{manifest.path}: {test} test and {train} training clips of {covered} frames are too "
            "few, 2 of each are the least; use more or longer videos"
        )
    generated = config.n or max(MIN_GENERATED, test)
    return Counts(test, min(train, generated), train, generated)


def expect(clips: Iterable[Item], count: int, manifest: Manifest) -> Iterator[Item]:
    """Pass clips on and see at the end that none are missing.

    Raises:
        DatasetError: there were fewer, or more.
    """
    found = 0
    for clip in clips:
        yield clip
        found += 1
    if found != count:
        raise DatasetError(
            f"{manifest.path}: its shards hold other clips than its manifest says ({found} of "
            f"{count}); make the dataset again with vidgan preprocess --overwrite"
        )


def notes(
    run: "Run", manifest: Manifest, sets: dict[str, "Judgement"], features: "Features"
) -> list[str]:
    """Return what a reader of the figures must know."""
    found = []
    test, generated = sets["test"].moments, sets["generated"].moments
    fewest = min(test.count, generated.count)
    if fewest <= test.dim:
        found.append(
            f"{fewest} {features.unit}s are few for {test.dim} features: the distances are raised "
            "by chance, the floor as well; compare figures of these numbers of clips only"
        )
    compared = sets["generated"].compared
    if compared < sets["generated"].score.count:
        found.append(
            f"the distance takes the first {compared} generated clips, as many as there "
            "are training clips for the floor"
        )
    if not math.isclose(manifest.fps / run.stride, run.fps, rel_tol=0.01):
        found.append(
            f"clips of {manifest.path} play at {manifest.fps / run.stride:g} frames/s, those of "
            f"the run at {run.fps:g}: motion differs for that reason alone"
        )
    return found
