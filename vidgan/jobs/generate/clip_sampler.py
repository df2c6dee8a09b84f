"""What :func:`vidgan.load` returns: all that a run can generate, as arrays."""

from collections.abc import Iterable

import numpy as np

from vidgan.errors import OptionError
from vidgan.jobs.generate.clip_plan import seed_numbers
from vidgan.jobs.generate.coder import REFINE_STEPS
from vidgan.jobs.generate.continuation import continue_frames
from vidgan.jobs.generate.long_sampler import LongSampler


class ClipSampler(LongSampler):
    """The generator of a run and, if it has one, its encoder; returned by :func:`vidgan.load`.

    Codes are a dict from the names of the decoder's inputs to arrays ``(clips, *shape)``: float32
    ``latent`` ``(clips, latent_dim)`` for every model, and ``motion``, ``times``, ``label``,
    ``category`` and ``codes`` for models that have them. Methods that need the encoder raise
    RunError for a run without one (``--reconstruction 0``).

    Attributes:
        run: the run.
        frames: of a clip in training.
        size: ``(width, height)`` in pixels.
        fps: frames per second.
        latents: the generator inputs.
        sharpened: whether clips have the patches of training clips.
    """

    sharpened = False

    def continue_clip(
        self,
        clip: np.ndarray,
        frames: int | None = None,
        *,
        seeds: str | int | Iterable[int] = 0,
        strength: float = 1.0,
        label: str | None = None,
        steps: int = REFINE_STEPS,
        loop: bool = False,
    ) -> np.ndarray:
        """Continue a clip where it ends; see :mod:`vidgan.jobs.generate.continuation`.

        Args:
            clip: uint8 RGB ``(length, height, width, 3)``, at least as long as in training.
            frames: number of new frames; default: as many as a clip has in training.
            seeds: as ``"0,1,4-6"`` or numbers, one continuation for each.
            strength: 0 to 1, as of :meth:`vary`.
            label: of the clip, for a conditional run; default: see :meth:`encode`.
            steps: number of gradient steps that find the clip's own code.
            loop: whether the last new frame leads to the first frame of the clip.

        Returns:
            uint8 RGB ``(seeds, length + frames, height, width, 3)``: the clip, whose last frames
            fade into its reconstruction (the first ones, too, for a loop), and the new frames.

        Raises:
            RunError: the run has no encoder.
            OptionError: the clip has another size or is too short, a value is out of bounds, or a
                loop with ``mocogan`` or ``continuous``.
        """
        self.run.check_encoder()
        self._check_size(clip[None], None)
        new = self.frames if frames is None else frames
        if new < 1:
            raise OptionError(f"frames {new} is too small: at least 1")
        numbers = seed_numbers(seeds)
        return continue_frames(self, clip, new, numbers, strength, label, steps, loop)
