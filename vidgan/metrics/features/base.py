"""What an embedding is: its name, what it takes and gives, and how it is loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from vidgan.errors import InputError, OptionError

# From uint8 RGB clips ``(n, frames, height, width, 3)`` to float32 features.
Embed = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Features:
    """One embedding of clips, or of their frames.

    Distances on two embeddings have nothing to do with each other: every figure is reported with
    the name of its features.

    Attributes:
        name: what options and reports call it.
        distance: the Fréchet distance on it in the field's words, its abbreviation in brackets.
        caution: what keeps its figures from being set beside published ones, from a comma on.
        description: one line for people who choose.
        unit: what one vector stands for, a whole ``clip`` or one ``frame``.
        dim: length of a vector.
        min_frames: the shortest clips it takes.
        side: height and width that frames are brought to.
        build: makes the network, which is :data:`Embed` of at most ``batch`` clips at once. It is
            given a file of weights, or None, where ``needs_weights``, and nothing elsewhere.
        needs_weights: whether there are weights to be had from elsewhere.
        require: sees that these can be had, of the file that ``build`` is given, as far as that
            goes without TensorFlow.
        batch: clips that go through the network together.
    """

    name: str
    distance: str
    caution: str
    description: str
    unit: Literal["clip", "frame"]
    dim: int
    min_frames: int
    side: int
    build: Callable[..., Embed]
    needs_weights: bool = False
    require: Callable[[Path | None], None] | None = None
    batch: int = 16

    def load(self, weights: Path | str | None = None) -> Embed:
        """Return the function that embeds clips; TensorFlow is imported now, not before.

        It takes uint8 RGB ``(n, frames, height, width, 3)`` of any size and n, also 0, at least
        ``min_frames`` frames, and returns float32 ``(n, dim)``, for frames ``(n · frames, dim)``,
        a clip's frames in their order. It raises ``InputError`` for other arrays.

        Args:
            weights: a file of weights, where ``needs_weights``; None takes the cached or published
                ones.

        Raises:
            OptionError: weights for features that take none, or a file in an unknown format.
            InputError: the weights are not there, do not fit, or cannot be fetched.
        """
        self.check_weights(weights)
        if self.needs_weights:
            network = self.build(None if weights is None else Path(weights))
        else:
            network = self.build()

        def embed(clips: np.ndarray) -> np.ndarray:
            self._check(clips)
            parts = [np.zeros((0, self.dim), np.float32)]
            for start in range(0, len(clips), self.batch):
                parts.append(network(clips[start : start + self.batch]))
            return np.concatenate(parts)

        return embed

    def check_weights(self, weights: Path | str | None) -> None:
        """See, before TensorFlow starts, whether these weights may be opened.

        Raises:
            OptionError: weights for features that take none, or a file of a kind that is never
                opened.
            InputError: no such file.
        """
        if not self.needs_weights and weights is not None:
            raise OptionError(f"--weights {weights}: the features {self.name} take none; leave it")
        if self.require is not None:
            self.require(None if weights is None else Path(weights))

    def _check(self, clips: np.ndarray) -> None:
        if clips.dtype != np.uint8 or clips.ndim != 5 or clips.shape[-1] != 3:
            raise InputError(
                "clips must be uint8 (n, frames, height, width, 3), "
                f"found {clips.dtype} {clips.shape}"
            )
        if clips.shape[1] < self.min_frames:
            raise InputError(
                f"clips of {clips.shape[1]} frames are too short for the features {self.name}: "
                f"at least {self.min_frames}"
            )


def resized(clips: np.ndarray, side: int) -> np.ndarray:
    """Bring frames to ``side`` × ``side``, uint8: by area where they shrink, else bilinearly."""
    n, frames, height, width, _ = clips.shape
    if (height, width) == (side, side):
        return clips
    # Averaging areas keeps shrunk frames free of aliasing, which the features would see as detail.
    method = cv2.INTER_AREA if min(height, width) > side else cv2.INTER_LINEAR
    out = np.empty((n * frames, side, side, 3), np.uint8)
    for i, frame in enumerate(clips.reshape(-1, height, width, 3)):
        out[i] = cv2.resize(frame, (side, side), interpolation=method)
    return out.reshape(n, frames, side, side, 3)
