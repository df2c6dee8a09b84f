"""How faithful restored videos are to their originals, figure by figure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from vidgan import metrics
from vidgan.config import EvaluateConfig
from vidgan.errors import InputError
from vidgan.jobs.evaluate.video_pairs import Pair
from vidgan.metrics import bootstrap
from vidgan.metrics.figure import Figure

GROUP = "fidelity"
# What a frame counts that is equal to its original, whose ratio is infinite; decibels.
EQUAL = 100.0
# Videos that the report shows, frames of each, and the most pixels of a side they are shown in.
SHOWN = 3
SHOWN_FRAMES = 32
SHOWN_SIDE = 320


@dataclass(frozen=True)
class Measure:
    """A figure of frames that stand beside their originals.

    Attributes:
        title: what it is called in tables.
        function: from clips and references, uint8 ``(1, frames, height, width, 3)``, to a number.
        frames: that the function looks at: the newest, or the newest two.
        better: ``lower`` or ``higher``.
        unit: of the values, where they have one.
        protocol: what decides about the values.
    """

    title: str
    function: Callable[[np.ndarray, np.ndarray], np.ndarray]
    frames: int
    better: str
    unit: str | None = None
    protocol: dict[str, Any] = field(default_factory=dict)


def _capped_psnr(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.minimum(metrics.psnr(clips, reference), EQUAL)


MEASURES = {
    "psnr": Measure(
        "PSNR", _capped_psnr, 1, "higher", "dB", {"channels": "RGB", "of equal frames": EQUAL}
    ),
    "ssim": Measure(
        "SSIM", metrics.ssim, 1, "higher", None, {"channels": "RGB", "window": "Gaussian, 11 × 11"}
    ),
    "perceptual": Measure(
        "perceptual distance",
        metrics.perceptual_distance,
        1,
        "lower",
        None,
        {"features": "fixed random convolutions"},
    ),
    "tof": Measure(
        "tOF, difference of motion",
        metrics.tof,
        2,
        "lower",
        "pixels a frame",
        {"flow": "Farnebäck"},
    ),
}


@dataclass
class Compared:
    """A restored video and how far it is from its original.

    Attributes:
        pair: what was compared.
        frames: how many.
        values: the means over frames by the key of the measure; None where it cannot be taken.
        notes: why.
        shown: the first frames of the original and of the restored video, small enough to show:
            uint8 ``(frames, height, width, 3)``.
    """

    pair: Pair
    frames: int
    values: dict[str, float | None]
    notes: list[str]
    shown: tuple[np.ndarray, np.ndarray]

    def to_json(self) -> dict[str, Any]:
        """Return what the report says of the video."""
        info = self.pair.info
        size = [info.width, info.height]
        return {"name": self.pair.name, "frames": self.frames, "size": size, **self.values}


def compare(pair: Pair, advance: Callable[[], Any]) -> Compared:
    """Go through a video and its original once; memory does not grow with their length.

    Args:
        pair: the two.
        advance: called after each frame.

    Raises:
        InputError: one is damaged, they have not as many frames, or they have none.
    """
    totals, counts, notes = dict.fromkeys(MEASURES, 0.0), dict.fromkeys(MEASURES, 0), {}
    window: list[tuple[np.ndarray, np.ndarray]] = []
    shown: list[tuple[np.ndarray, np.ndarray]] = []
    frames = 0
    for frames, both in enumerate(pair, 1):
        window = [*window[-1:], both]
        for key, measure in MEASURES.items():
            if len(window) < measure.frames or key in notes:
                continue
            original, restored = (
                np.stack(side)[None] for side in zip(*window[-measure.frames :], strict=True)
            )
            try:
                totals[key] += float(measure.function(restored, original).mean())
                counts[key] += 1
            except InputError as error:  # Frames too small for it.
                notes[key] = f"{pair.name}: no {measure.title}, {error}"
        if frames <= SHOWN_FRAMES:
            shown.append((_small(both[0]), _small(both[1])))
        advance()
    if not frames:
        raise InputError(f"{pair.restored}: no frame of it can be decoded; copy or make it again")
    values = {key: totals[key] / counts[key] if counts[key] else None for key in MEASURES}
    before, after = (np.stack(side) for side in zip(*shown, strict=True))
    return Compared(pair, frames, values, list(notes.values()), (before, after))


def _small(frame: np.ndarray) -> np.ndarray:
    """Shrink a frame that is larger than it will be shown."""
    height, width, _ = frame.shape
    scale = SHOWN_SIDE / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def figures(videos: list[dict[str, Any]], config: EvaluateConfig) -> list[Figure]:
    """Return the means over videos, each video counting once.

    Args:
        videos: as :meth:`Compared.to_json` gives them.
        config: the resamplings and the seed of the confidence intervals.
    """
    found = []
    for key, measure in MEASURES.items():
        values = np.array([video[key] for video in videos if video[key] is not None])
        low = high = None
        note = None
        if config.bootstrap and len(values) >= bootstrap.FEWEST:
            interval = metrics.bootstrap_mean(values, replicates=config.bootstrap, seed=config.seed)
            low, high = interval.low, interval.high
        elif config.bootstrap and len(values):
            note = f"no interval of {len(values)} videos: {bootstrap.FEWEST} are the least"
        found.append(
            Figure(
                key,
                measure.title,
                GROUP,
                float(values.mean()) if len(values) else None,
                low,
                high,
                better=measure.better,
                unit=measure.unit,
                protocol={"videos": len(values), **measure.protocol},
                note=note,
            )
        )
    return found
