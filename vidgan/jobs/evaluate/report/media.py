"""The clips and videos that a report shows."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidgan.jobs.evaluate.report import sheets
from vidgan.jobs.evaluate.report.page import PageMedia


@dataclass(frozen=True)
class NearestPairs:
    """Generated clips and the training clips nearest to them.

    Attributes:
        generated: uint8 RGB ``(n, frames, height, width, 3)``.
        training: of the same shape.
    """

    generated: np.ndarray
    training: np.ndarray


def _checked(name: str, array: np.ndarray, dimensions: int) -> np.ndarray:
    """Return frames, uint8 RGB ``(…, height, width, 3)``; raise ValueError if they are none."""
    shape = array.shape
    if array.dtype != np.uint8 or array.ndim != dimensions or shape[-1] != 3 or array.size == 0:
        raise ValueError(f"{name!r:.40} is {array.dtype.str[:20]} {shape}, not frames")
    return array


class ReportMedia(ABC):
    """The clips and videos of a report, which are kept in an ``.npz`` file."""

    @abstractmethod
    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the ``.npz`` file."""

    @abstractmethod
    def picture(self) -> np.ndarray:
        """Return one picture of all, uint8 RGB ``(height, width, 3)``."""

    @abstractmethod
    def for_page(self, fps: float, log: Path | None) -> PageMedia:
        """Return what the page shows.

        Args:
            fps: frames per second at which clips play.
            log: the run's ``log.csv``.
        """


@dataclass(frozen=True)
class ClipMedia(ReportMedia):
    """Real and generated clips.

    Attributes:
        real: uint8 RGB ``(n, frames, height, width, 3)``.
        generated: of the same shape, but for n.
        pairs: generated clips and the training clips nearest to them, None if not computed.
    """

    real: np.ndarray
    generated: np.ndarray
    pairs: NearestPairs | None = None

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the ``.npz`` file."""
        arrays = {"real": self.real, "generated": self.generated}
        if self.pairs is not None:
            arrays |= {"copies": self.pairs.generated, "originals": self.pairs.training}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "ClipMedia":
        """Return what :meth:`to_arrays` gave.

        Raises:
            KeyError: an array is missing.
            ValueError: one has another shape or type.
        """
        arrays = {name: _checked(name, array, 5) for name, array in arrays.items()}
        pairs = None
        if "copies" in arrays:
            pairs = NearestPairs(arrays["copies"], arrays["originals"])
            if pairs.generated.shape != pairs.training.shape:
                raise ValueError("pairs of clips of different shapes")
        return cls(arrays["real"], arrays["generated"], pairs)

    def picture(self) -> np.ndarray:
        """Return real and generated clips side by side."""
        return sheets.real_and_generated(self.real, self.generated)

    def for_page(self, fps: float, log: Path | None) -> PageMedia:
        """Return what the page shows."""
        pictures = {}
        if self.pairs is not None:
            pictures["Generated clips and the training clips nearest to them"] = (
                sheets.nearest_pairs(self.pairs.generated, self.pairs.training)
            )
        return PageMedia({"real": self.real, "generated": self.generated}, fps, pictures, log)


@dataclass(frozen=True)
class PairedMedia(ReportMedia):
    """Originals and restored videos.

    Attributes:
        videos: by name, the original and the restored video, each uint8 RGB
            ``(frames, height, width, 3)``.
    """

    videos: dict[str, tuple[np.ndarray, np.ndarray]]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the ``.npz`` file."""
        return {
            f"{kind} {name}": frames
            for name, both in self.videos.items()
            for kind, frames in zip(("original", "restored"), both, strict=True)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "PairedMedia":
        """Return what :meth:`to_arrays` gave.

        Raises:
            KeyError: an array is missing.
            ValueError: one has another shape or type.
        """
        arrays = {name: _checked(name, array, 4) for name, array in arrays.items()}
        names = [key.removeprefix("original ") for key in arrays if key.startswith("original ")]
        return cls(
            {name: (arrays[f"original {name}"], arrays[f"restored {name}"]) for name in names}
        )

    def picture(self) -> np.ndarray:
        """Return originals, restored videos and their differences below each other."""
        return sheets.restored_videos(self.videos)

    def for_page(self, fps: float, log: Path | None) -> PageMedia:
        """Return what the page shows."""
        return PageMedia({}, fps, {}, log, sheets.comparison_videos(self.videos))
