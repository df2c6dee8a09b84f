"""Which clips are measured: those of a dataset, of video files, of an array or of a run.

A set says what it holds before it decodes anything, and can be gone through more than once. Clips
are windows side by side: none shares a frame with another.
"""

from pathlib import Path

from vidgan.dataset.manifest import MANIFEST_NAME, Manifest
from vidgan.errors import InputError
from vidgan.jobs.evaluate.sources.arrays import ArraySet
from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape
from vidgan.jobs.evaluate.sources.samples import SampleSet
from vidgan.jobs.evaluate.sources.splits import SplitSet
from vidgan.jobs.evaluate.sources.videos import VideoSet


def open_set(
    path: Path | str, shape: Shape, split: str | None = None, known: tuple[str, ...] = ()
) -> ClipSet:
    """Open what a user names: a dataset folder, a ``.npy`` file, a video or a folder of videos.

    Args:
        path: what to open.
        shape: of the clips.
        split: of a dataset; by default ``test``, or ``train`` where that is empty.
        known: of a dataset, labels that have numbers already; see :class:`SplitSet`.

    Raises:
        InputError: there is no clip in it, or it is a run.
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
            f"{path}: this is a run; vidgan evaluate {path} measures it, or generate clips of it "
            "first"
        )
    if path.suffix.lower() == ".npy":
        return ArraySet(path, shape)
    return VideoSet(path, shape)


__all__ = ["Clip", "ClipSet", "SampleSet", "Shape", "SplitSet", "open_set"]
