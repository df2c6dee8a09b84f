"""The clips that a run is evaluated on, and deviations from published protocols."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidgan import runtime
from vidgan.config import PROTOCOLS, PUBLISHED_FRAMES, EvaluateConfig
from vidgan.config.base import option_names
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError, OptionError
from vidgan.jobs.evaluate.clip_sets import ClipSets, rate_notes
from vidgan.jobs.evaluate.sources import ClipSet, Shape, SplitSet

if TYPE_CHECKING:
    from vidgan.training.run import Run


def open_dataset(run: "Run", dataset: Path | str | None) -> Manifest:
    """Load the dataset to evaluate on, by default the one that the run was trained on.

    Raises:
        DatasetError: it does not exist, is damaged, has frames of another size than the run, or a
            label that a conditional run does not know.
    """
    folder = Path(dataset) if dataset is not None else run.dataset
    if dataset is None and not folder.exists():
        raise DatasetError(
            f"{folder}: the dataset of {run.path} is not there; name it with --dataset"
        )
    manifest = Manifest.load(folder)
    if manifest.size != run.size:
        raise DatasetError(
            f"{folder}: frames are {manifest.width}x{manifest.height}, {run.path} generates "
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
    """Return the shape of the clips: that of the run, or of the options.

    Raises:
        OptionError: the run cannot generate such clips.
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
            f"{asked}: {run.path} generates clips of {run.frames}; train with --frames {frames}, "
            f"or evaluate with --frames {run.frames}"
        )
    return Shape(frames, config.stride or run.stride, run.size)


def _any_length(run: "Run") -> bool:
    """Return whether the model of a run generates clips of any length."""
    runtime.prepare()
    from vidgan import models

    return models.find_architecture(run.model.model).any_length


def splits(
    run: "Run", manifest: Manifest, shape: Shape, config: EvaluateConfig
) -> tuple[ClipSet, ClipSet, ClipSet]:
    """Return the reference clips, the clips of the floor, and all training clips.

    Raises:
        DatasetError: fewer than two test or training clips.
    """
    lengths = manifest.splits["test"].lengths
    if not lengths:
        raise DatasetError(
            f"{manifest.path}: there is no test split; run vidgan preprocess again with a "
            "--test-share above 0"
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
            "too few, at least 2 of each are needed; use more or longer videos"
        )
    reference, floor = (sets["test"], sets["train"])[:: 1 if config.split == "test" else -1]
    if config.n is not None:
        reference.sample(config.n, config.seed)
    return reference, floor, SplitSet(manifest, "train", shape, known)


def labels(run: "Run", floor: ClipSet) -> np.ndarray | None:
    """Return the floor's labels, which generated clips get, int32 ``(n,)``; None without labels."""
    if not run.model.conditional:
        return None
    return np.array([label for _, label in floor], np.int32)


def notes(run: "Run", manifest: Manifest, shape: Shape) -> list[str]:
    """Return what a reader of the report must know."""
    return rate_notes(manifest.path, manifest.fps / shape.stride, "of the run", run.fps)


def deviations(config: EvaluateConfig, clip_sets: ClipSets) -> list[str]:
    """Return notes on deviations from the protocol, or from the number of clips asked for."""
    found = []
    settings, names = PROTOCOLS[config.protocol], option_names(EvaluateConfig)
    # Protocols that compare frames prescribe their number, not that of clips.
    of_frames = "frame_features" in settings
    deviating = [
        f"{names[name]} {getattr(config, name)}"
        for name, value in settings.items()
        if getattr(config, name) != value and not (of_frames and name == "n")
    ]
    if deviating:
        found.append(f"deviates from {config.protocol}: {', '.join(deviating)}")
    frames = clip_sets.generated.shape.frames
    pictures = (config.n or 0) * frames
    if of_frames and pictures != PUBLISHED_FRAMES:
        found.append(
            f"{config.n} clips of {frames} frames have {pictures} pictures, {config.protocol} "
            f"prescribes {PUBLISHED_FRAMES}: use --n {PUBLISHED_FRAMES // frames}"
        )
    wanted = config.n or 0
    counts = {name: each.count for name, each in clip_sets.by_name.items()}
    short = [f"{count} {name} clips" for name, count in counts.items() if count < wanted]
    if short:
        named = f" of {config.protocol}" if settings.get("n") == wanted else ""
        halves = " (half of the real clips are the floor)" if clip_sets.split_in_half else ""
        found.append(
            f"there are only {', '.join(short)}{halves} for the {wanted}{named}: compare "
            "only with results of as many"
        )
    return found
