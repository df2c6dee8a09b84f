"""The interface of an embedding of clips or frames."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from vidgan.errors import InputError, OptionError
from vidgan.metrics.features.packages import Package

# From uint8 RGB clips ``(n, frames, height, width, 3)`` to float32 features.
Embed = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Features:
    """An embedding of clips, or of their frames.

    Distances on different embeddings are unrelated: results are reported with the name of the
    embedding.

    Attributes:
        name: in options and reports.
        distance: name of the Fréchet distance on it, with the abbreviation in parentheses.
        caution: why results are not comparable with published ones; starts with a comma, or is
            empty.
        description: one line for the documentation.
        unit: what a vector represents, a ``clip`` or a ``frame``.
        dim: length of a vector.
        min_frames: fewest frames of a clip.
        side: height and width to which frames are resized.
        build: builds the network, an :data:`Embed` for at most ``batch`` clips. With
            ``needs_weights`` it takes a file of weights or None, otherwise no argument.
        needs_weights: whether the network has trained weights.
        require: checks the file that ``build`` takes without loading TensorFlow.
        batch: clips per call of the network.
        package: holds its weights; taken from the cache.
        version: raised when the vectors change; cached statistics of other versions are not used.
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
    package: Package | None = None
    version: int = 1

    def load(self, weights: Path | str | None = None) -> Embed:
        """Build the network and return the function that embeds clips; loads TensorFlow.

        It takes uint8 RGB ``(n, frames, height, width, 3)`` of any size and n, also 0, at least
        ``min_frames`` frames, and returns float32 ``(n, dim)``, for frames ``(n · frames, dim)``,
        a clip's frames in their order. It raises ``InputError`` for other arrays.

        Args:
            weights: a file of weights, with ``needs_weights``; None takes the published ones
                from the cache, or downloads them.

        Raises:
            OptionError: weights for features without any, or a file in an unknown format.
            InputError: the weights do not exist, do not fit, or cannot be downloaded.
        """
        self.check_weights(weights)
        network = self.build(self.weights_file(weights)) if self.needs_weights else self.build()

        def embed(clips: np.ndarray) -> np.ndarray:
            self._check(clips)
            parts = [np.zeros((0, self.dim), np.float32)]
            for start in range(0, len(clips), self.batch):
                parts.append(network(clips[start : start + self.batch]))
            return np.concatenate(parts)

        return embed

    def check_weights(self, weights: Path | str | None) -> None:
        """Check weights without loading TensorFlow.

        Raises:
            OptionError: weights for features without any, or a file in a format that is never
                opened.
            InputError: no such file.
        """
        if not self.needs_weights and weights is not None:
            raise OptionError(
                f"--weights {weights}: the features {self.name} have no weights; leave it out"
            )
        if self.require is not None:
            self.require(self.weights_file(weights))

    def weights_file(self, weights: Path | str | None) -> Path | None:
        """Return the given file of weights, else the package in the cache, if it is there."""
        if weights is not None:
            return Path(weights)
        return None if self.package is None else self.package.cached()

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
    """Resize frames to ``side`` × ``side``, uint8: by area if they shrink, else bilinearly."""
    n, frames, height, width, _ = clips.shape
    if (height, width) == (side, side):
        return clips
    # Averaging over areas avoids aliasing, which the features would take for detail.
    method = cv2.INTER_AREA if min(height, width) > side else cv2.INTER_LINEAR
    out = np.empty((n * frames, side, side, 3), np.uint8)
    for i, frame in enumerate(clips.reshape(-1, height, width, 3)):
        out[i] = cv2.resize(frame, (side, side), interpolation=method)
    return out.reshape(n, frames, side, side, 3)
