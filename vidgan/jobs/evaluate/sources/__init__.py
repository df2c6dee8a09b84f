"""Sources of clips: a dataset, video files, an array or a run.

A set knows its number of clips before it decodes anything, and can be iterated repeatedly. Clips do
not overlap.
"""

from pathlib import Path

from vidgan.dataset.manifest import MANIFEST_NAME, Manifest
from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources.arrays import ArraySet
from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape, same_rate
from vidgan.jobs.evaluate.sources.samples import SampleSet
from vidgan.jobs.evaluate.sources.splits import SplitSet
from vidgan.jobs.evaluate.sources.videos import VideoSet


def open_set(
    path: Path | str, shape: Shape, split: str | None = None, known: tuple[str, ...] = ()
) -> ClipSet:
    """Open a dataset folder, a ``.npy`` file, a video or a folder of videos.

    Args:
        path: the source.
        shape: of the clips.
        split: of a dataset; by default ``test``, or ``train`` where that is empty.
        known: labels of a dataset that have indices already; see :class:`SplitSet`.

    Raises:
        InputError: the source has no clip, or is a run.
        DatasetError: the dataset is damaged.
    """
    path = Path(path)
    if (path / MANIFEST_NAME).is_file():
        manifest = Manifest.load(path)
        if split is None:
            split = "test" if manifest.splits["test"].clips(shape.span) else "train"
        found: ClipSet = SplitSet(manifest, split, shape, known)
        if not found.total:
            longest = max(manifest.splits[split].lengths, default=0)
            raise InputError(
                f"{path}: the longest {split} shot has {longest} frames, a clip needs "
                f"{shape.span}; use fewer --frames or longer videos"
            )
        return found
    if (path / "checkpoints").is_dir():
        raise InputError(
            f"{path}: this is a run; use vidgan evaluate {path}, or generate clips of it first"
        )
    if path.suffix.lower() == ".npy":
        return ArraySet(path, shape)
    return VideoSet(path, shape)


__all__ = ["Clip", "ClipSet", "SampleSet", "Shape", "SplitSet", "open_set", "same_rate"]
