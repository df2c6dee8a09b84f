"""What a run is measured on: which clips, how many, and whether they serve."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidgan import runtime
from vidgan.config import PICTURES, PROTOCOLS, EvaluateConfig
from vidgan.config.base import option_names
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError, OptionError
from vidgan.jobs.evaluate.clip_sets import ClipSets, differing_rates
from vidgan.jobs.evaluate.sources import ClipSet, Shape, SplitSet

if TYPE_CHECKING:
    from vidgan.training.run import Run


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


def shape(run: "Run", config: EvaluateConfig) -> Shape:
    """Return the shape of the clips: the run's, unless options say otherwise.

    Raises:
        OptionError: the run cannot make such clips.
    """
    for name in ("size", "fps"):
        if getattr(config, name) is not None:
            raise OptionError(f"--{name} is for --real and --fake; a run has its own")
    frames = config.frames or run.frames
    if frames != run.frames and not _any_length(run):
        asked = f"--frames {frames}"
        if PROTOCOLS[config.protocol].get("frames") == frames:
            asked = f"--protocol {config.protocol} takes clips of {frames} frames"
        raise OptionError(
            f"{asked}: {run.path} makes clips of {run.frames}; train with --frames {frames}, or "
            f"measure with --frames {run.frames}"
        )
    return Shape(frames, config.stride or run.stride, run.size)


def _any_length(run: "Run") -> bool:
    """Return whether a run's model makes clips of any number of frames."""
    runtime.prepare()
    from vidgan import models

    return models.find(run.model.model).any_length


def splits(
    run: "Run", manifest: Manifest, shape: Shape, config: EvaluateConfig
) -> tuple[ClipSet, ClipSet, ClipSet]:
    """Return the clips to compare with, those of the floor, and all that was trained on.

    Raises:
        DatasetError: fewer than two test or training clips.
    """
    lengths = manifest.splits["test"].lengths
    if not lengths:
        raise DatasetError(
            f"{manifest.path}: there is no test split; make the dataset again with vidgan "
            "preprocess and a --test-share above 0"
        )
    known = run.model.labels if run.model.conditional else ()
    sets = {name: SplitSet(manifest, name, shape, known) for name in ("test", "train")}
    if sets["test"].total == 0:
        raise DatasetError(
            f"{manifest.path}: the longest test shot has {max(lengths)} frames, a clip of "
            f"{run.path} needs {shape.span}; use longer videos or a larger --test-share"
        )
    test, train = sets["test"].total, sets["train"].total
    if min(test, train) < 2:
        raise DatasetError(
            f"{manifest.path}: {test} test and {train} training clips of {shape.span} frames are "
            "too few, 2 of each are the least; use more or longer videos"
        )
    reference, floor = (sets["test"], sets["train"])[:: 1 if config.split == "test" else -1]
    if config.n is not None:
        reference.choose(config.n, config.seed)
    return reference, floor, SplitSet(manifest, "train", shape, known)


def labels(run: "Run", floor: ClipSet) -> np.ndarray | None:
    """Return the labels of the floor's clips, which generated ones are given; None without."""
    if not run.model.conditional:
        return None
    return np.array([label for _, label in floor], np.int32)


def notes(run: "Run", manifest: Manifest, shape: Shape) -> list[str]:
    """Return what a reader of the figures must know."""
    return differing_rates(manifest.path, manifest.fps / shape.stride, "of the run", run.fps)


def deviations(config: EvaluateConfig, sides: ClipSets) -> list[str]:
    """Say where figures do not stand for what a protocol's name, or ``--n``, promises."""
    found = []
    settings, names = PROTOCOLS[config.protocol], option_names(EvaluateConfig)
    # What counts of clips whose frames are compared is how many pictures they have.
    of_pictures = "frame_features" in settings
    others = [
        f"{names[name]} {getattr(config, name)}"
        for name, value in settings.items()
        if getattr(config, name) != value and not (of_pictures and name == "n")
    ]
    if others:
        found.append(f"not as {config.protocol} has it: {', '.join(others)}")
    frames = sides.generated.shape.frames
    pictures = (config.n or 0) * frames
    if of_pictures and pictures != PICTURES:
        found.append(
            f"{config.n} clips of {frames} frames have {pictures} pictures, {config.protocol} "
            f"means {PICTURES}: --n {PICTURES // frames} makes as many"
        )
    wanted = config.n or 0
    counts = {name: each.count for name, each in sides.named.items()}
    short = [f"{count} {name} clips" for name, count in counts.items() if count < wanted]
    if short:
        named = f" of {config.protocol}" if settings.get("n") == wanted else ""
        halved = " (half of the real clips are the floor)" if sides.halved else ""
        found.append(
            f"there are only {', '.join(short)}{halved} for the {wanted}{named}: compare with "
            "figures of as many only"
        )
    return found
