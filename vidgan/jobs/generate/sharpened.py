"""Sharper clips of a run: patches of generated clips are replaced by those of training clips.

The faults of the generator, blur above all, are the same in reconstructions as in new clips. So the
nearest neighbours of the patches of a new clip are searched in reconstructions of training clips,
and the patches of the training clips themselves take their place, first at a coarse size.
"""

import functools
from collections.abc import Iterable, Iterator

import numpy as np

from vidgan.config import GenerateConfig
from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.pipeline import labelled_clips
from vidgan.errors import RunError
from vidgan.jobs.generate import codes as coding
from vidgan.jobs.generate.clip_sampler import ClipSampler
from vidgan.latents import Noise
from vidgan.patches.index import patch_count
from vidgan.patches.pyramid import PatchPyramid
from vidgan.training.run import Run

# Patches of training clips at their full size: their indices take 0.2 GiB.
MAX_PATCHES = 2_000_000
# Clips of a short video overlap: each frame is in so many.
OVERLAPPING = 4
# Long clips are sharpened in parts, with so many frames before and after each, both even, so that
# patches are at the same frames.
FRAMES_AT_ONCE, CONTEXT = 128, 8


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

    def stream(
        self,
        noises: Iterable[Noise],
        batch_size: int = GenerateConfig.batch_size,
        *,
        frames: int | None = None,
        loop: bool = False,
        trunc: float = 1.0,
    ) -> Iterator[np.ndarray]:
        """Generate clips batch by batch; see :meth:`Sampler.stream`."""
        made = super().stream(noises, batch_size, frames=frames, loop=loop, trunc=trunc)
        for batch in made:
            yield np.stack([self.finish(clip, loop) for clip in batch])

    def finish(self, clip: np.ndarray, loop: bool = False) -> np.ndarray:
        """Return a clip with the patches of training clips."""
        places, parts = np.arange(-CONTEXT, len(clip) + CONTEXT), []
        for start in range(0, len(clip), FRAMES_AT_ONCE):
            count = min(FRAMES_AT_ONCE, len(clip) - start)
            around = places[start : start + count + 2 * CONTEXT]
            kept = slice(CONTEXT, CONTEXT + count)
            if loop:
                around = around % len(clip)
            else:
                kept = slice(min(start, CONTEXT), min(start, CONTEXT) + count)
                around = around[(around >= 0) & (around < len(clip))]
            parts.append(self._patches.replace(clip[around])[kept])
        return np.concatenate(parts)

    @functools.cached_property
    def _patches(self) -> PatchPyramid:
        clips = np.stack(list(self._training_clips()))
        return PatchPyramid(self._reconstruct(clips), clips)

    def _training_clips(self) -> Iterator[np.ndarray]:
        """Yield evenly spaced training clips, as many as :data:`MAX_PATCHES` allows."""
        stride, covered = self.run.stride, span(self.frames, self.run.stride)
        width, height = self.size
        limit = max(1, MAX_PATCHES // patch_count((self.frames, height, width)))
        split = self._manifest.splits["train"]
        step = covered if split.clips(covered) >= limit else max(1, covered // OVERLAPPING)
        every = -(-split.clips(covered, step) // limit)
        for clip, _ in labelled_clips(self._manifest, "train", self.frames, stride, every, step):
            yield clip

    def _reconstruct(self, clips: np.ndarray) -> np.ndarray:
        codes = self.encode(clips, steps=0)
        each = (coding.selected(codes, slice(i, i + 1)) for i in range(len(clips)))
        return np.concatenate(list(self._batches(each, GenerateConfig.batch_size)))
