"""Sharper clips of a run: patches of generated clips are replaced by those of training clips.

The faults of the generator, blur above all, are the same in reconstructions as in new clips. So the
nearest neighbours of the patches of a new clip are searched in reconstructions of training clips,
and the patches of the training clips themselves take their place, first at a coarse size.
"""

import functools
from collections.abc import Iterator

import numpy as np

from vidgan.config import GenerateConfig
from vidgan.dataset.manifest import MANIFEST_NAME, Manifest, span
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import RunError
from vidgan.jobs.generate import codes as coding
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.patches.pyramid import PatchPyramid, most_clips
from vidgan.remote.places import exists
from vidgan.training.run import Run

# Clips of a short video overlap: each frame is in so many.
OVERLAPPING = 4


def open_training_clips(run: Run, *, unchanged: bool) -> Manifest:
    """Return the dataset of a run.

    Args:
        run: the run.
        unchanged: whether it must be the one that the run was made with.

    Raises:
        RunError: the run has no encoder, or another dataset took the place of its own.
        DatasetError: the dataset cannot be read.
    """
    run.check_encoder()
    if run.shared and not exists(run.dataset / MANIFEST_NAME):
        raise RunError(
            f"{run.path} was shared without its training clips; they belong in its folder "
            f"{run.dataset.name}"
        )
    manifest = Manifest.load(run.dataset)
    if unchanged and run.digest not in (None, manifest.digest()):
        raise RunError(
            f"{run.dataset} was replaced since {run.path} was made; use its clips nevertheless "
            "with --sharpen"
        )
    clips = manifest.splits["train"].clips(span(run.frames, run.stride))
    if manifest.size != run.size or not clips:
        raise RunError(
            f"{run.path}: clips are sharpened with the dataset of the run, but {run.dataset} has "
            "frames of another size or no training clips; use --no-sharpen"
        )
    return manifest


class SharpenedSampler(ClipSampler):
    """A :class:`ClipSampler` whose clips have the patches of training clips."""

    sharpened = True

    def __init__(
        self, run: Run, manifest: Manifest, checkpoint: str = "latest", device: str = "auto"
    ) -> None:
        """Load the generator and the encoder as :class:`ClipSampler` does.

        Args:
            run: the run.
            manifest: of :func:`open_training_clips`.
            checkpoint: ``latest``, ``best`` or the step of a checkpoint.
            device: ``auto``, ``cpu``, ``gpu`` or ``gpu:N``.
        """
        super().__init__(run, checkpoint, device)
        self._manifest = manifest

    def _finish_part(self, clip: np.ndarray) -> np.ndarray:
        return self._patches.replace(clip)

    @functools.cached_property
    def _patches(self) -> PatchPyramid:
        clips = np.stack(list(self._training_clips()))
        if self.run.train.mirror:
            clips = np.concatenate([clips, clips[:, :, :, ::-1]])
        return PatchPyramid(self._reconstruct(clips), clips)

    def _training_clips(self) -> Iterator[np.ndarray]:
        """Yield evenly spaced training clips, as many as fit in memory."""
        stride, covered = self.run.stride, span(self.frames, self.run.stride)
        limit = most_clips(self.frames, self.run.base.size, self.size)
        if self.run.train.mirror:
            limit = max(1, limit // 2)
        split = self._manifest.splits["train"]
        step = covered if split.clips(covered) >= limit else max(1, covered // OVERLAPPING)
        every = -(-split.clips(covered, step) // limit)
        for clip, _ in labelled_clips(self._manifest, "train", self.frames, stride, every, step):
            yield clip

    def _reconstruct(self, clips: np.ndarray) -> np.ndarray:
        codes = self.encode(clips, steps=0)
        each = (coding.selected(codes, slice(i, i + 1)) for i in range(len(clips)))
        return np.concatenate(list(self._batches(each, GenerateConfig.batch_size)))
