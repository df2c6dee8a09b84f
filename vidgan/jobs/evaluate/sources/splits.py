"""Clips of a dataset."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vidgan.dataset.manifest import MANIFEST_NAME, Manifest
from vidgan.errors import DatasetError, InputError
from vidgan.jobs.evaluate.sources.base import Clip, ClipSet, Shape


class SplitSet(ClipSet):
    """Clips of a split of a dataset.

    Args:
        manifest: the dataset.
        split: ``train`` or ``test``.
        shape: of the clips.
        known: labels that have the indices from 0 on; other labels of the manifest follow.
    """

    def __init__(
        self, manifest: Manifest, split: str, shape: Shape, known: tuple[str, ...] = ()
    ) -> None:
        if shape.size not in (None, manifest.size):
            width, height = shape.size or manifest.size
            raise InputError(
                f"{manifest.path}: frames are {manifest.width}x{manifest.height}, not "
                f"{width}x{height}; preprocess with --size {width}x{height}"
            )
        shape = replace(shape, size=manifest.size)
        total = manifest.splits[split].clips(shape.span)
        fps = manifest.fps / shape.stride
        super().__init__(f"{split} clips", manifest.path, shape, fps, total)
        self.manifest, self.split = manifest, split
        self.labels = tuple(dict.fromkeys((*known, *manifest.labels))) if manifest.labels else ()
        self.label_indices = [self.labels.index(name) for name in manifest.labels]

    def __iter__(self) -> Iterator[Clip]:
        """Yield clips.

        Raises:
            DatasetError: a shard is damaged.
        """
        from vidgan.dataset.pipeline import labelled_clips

        selected, found = set(self.selected.tolist()), 0
        frames, stride = self.shape.frames, self.shape.stride
        clips = labelled_clips(self.manifest, self.split, frames, stride)
        for number, (clip, label) in enumerate(clips):
            if number in selected:
                found += 1
                yield clip, self.label_indices[label] if label >= 0 else -1
        if found != self.count:
            raise DatasetError(
                f"{self.path}: its shards hold other clips than its manifest says; create "
                "the dataset again with vidgan preprocess --overwrite"
            )

    def fingerprint(self) -> str:
        """Return the manifest, with the hashes of the sources, and sizes and times of the shards.

        The path does not matter: a dataset may be moved.

        Raises:
            DatasetError: a shard is missing.
        """
        manifest = (self.path / MANIFEST_NAME).read_text("utf-8")
        stats = [Path(shard).stat() for shard in self.manifest.shards(self.split)]
        shards = [(stat.st_size, stat.st_mtime_ns) for stat in stats]
        return f"{manifest} {self.split} {self.label_indices} {shards}"
