"""Metrics of restored videos against their originals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from vidgan import metrics
from vidgan.config import EvaluateConfig
from vidgan.errors import InputError
from vidgan.jobs.evaluate.report.report import VideoRow
from vidgan.jobs.evaluate.video_pairs import VideoPair
from vidgan.metrics import bootstrap
from vidgan.metrics.restoration import MAX_PSNR
from vidgan.metrics.result import MetricResult

GROUP = "fidelity"
# Frames of a video that the report shows, and their longest side in pixels.
SHOWN_FRAMES = 32
SHOWN_SIDE = 320


@dataclass(frozen=True)
class PairedMetric:
    """A metric of frames and their originals.

    Attributes:
        title: name in tables.
        function: from clips and references, uint8 ``(1, frames, height, width, 3)``, to an array
            whose mean is the value.
        frames: frames that the function takes: the current one, or the last two.
        better: ``lower`` or ``higher``.
        unit: of the value, if it has one.
        protocol: what the value depends on.
    """

    title: str
    function: Callable[[np.ndarray, np.ndarray], np.ndarray]
    frames: int
    better: str
    unit: str | None = None
    protocol: dict[str, Any] = field(default_factory=dict)


def _capped_psnr(clips: np.ndarray, reference: np.ndarray) -> np.ndarray:
    capped: np.ndarray = np.minimum(metrics.psnr(clips, reference), MAX_PSNR)
    return capped


PAIRED_METRICS = {
    "psnr": PairedMetric(
        "PSNR", _capped_psnr, 1, "higher", "dB", {"channels": "RGB", "of equal frames": MAX_PSNR}
    ),
    "ssim": PairedMetric(
        "SSIM", metrics.ssim, 1, "higher", None, {"channels": "RGB", "window": "Gaussian, 11 × 11"}
    ),
    "perceptual": PairedMetric(
        "perceptual distance",
        metrics.perceptual_distance,
        1,
        "lower",
        None,
        {"features": "fixed random convolutions"},
    ),
    "tof": PairedMetric(
        "tOF, difference of motion",
        metrics.tof,
        2,
        "lower",
        "pixels a frame",
        {"flow": "Farnebäck"},
    ),
    "flicker": PairedMetric(
        "colour flicker",
        metrics.colour_flicker,
        2,
        "lower",
        "levels",
        {"flow": "DIS", "channels": "Cb, Cr"},
    ),
}


@dataclass(frozen=True)
class ComparedVideo:
    """A restored video and its metrics.

    Attributes:
        row: the means over frames.
        notes: why a metric could not be computed.
        original: the first frames of the original at the size shown, uint8 RGB
            ``(frames, height, width, 3)``.
        restored: those of the restored video.
    """

    row: VideoRow
    notes: list[str]
    original: np.ndarray
    restored: np.ndarray


def compare(pair: VideoPair, advance: Callable[[], object]) -> ComparedVideo:
    """Compute the metrics of a video in one pass; memory is independent of its length.

    Args:
        pair: the restored video and its original.
        advance: called after each frame.

    Raises:
        InputError: a video is damaged, the numbers of frames differ, or there are none.
    """
    totals, counts = dict.fromkeys(PAIRED_METRICS, 0.0), dict.fromkeys(PAIRED_METRICS, 0)
    notes: dict[str, str] = {}
    window: list[tuple[np.ndarray, np.ndarray]] = []
    shown: list[tuple[np.ndarray, np.ndarray]] = []
    frames = 0
    for frames, both in enumerate(pair, 1):
        window = [*window[-1:], both]
        for key, metric in PAIRED_METRICS.items():
            if len(window) < metric.frames or key in notes:
                continue
            original, restored = (
                np.stack(side)[None] for side in zip(*window[-metric.frames :], strict=True)
            )
            try:
                totals[key] += float(metric.function(restored, original).mean())
                counts[key] += 1
            except InputError as error:  # Frames are too small for it.
                notes[key] = f"{pair.name}: no {metric.title}, {error}"
        if frames <= SHOWN_FRAMES:
            shown.append((_shrink(both[0]), _shrink(both[1])))
        advance()
    if not frames:
        raise InputError(
            f"{pair.restored}: none of its frames can be decoded; copy or create the file again"
        )
    values = {key: totals[key] / counts[key] if counts[key] else None for key in PAIRED_METRICS}
    original, restored = (np.stack(side) for side in zip(*shown, strict=True))
    size = [pair.info.width, pair.info.height]
    return ComparedVideo(
        VideoRow(pair.name, frames, size, values), list(notes.values()), original, restored
    )


def _shrink(frame: np.ndarray) -> np.ndarray:
    """Return a frame at the size shown."""
    height, width, _ = frame.shape
    scale = SHOWN_SIDE / max(height, width)
    if scale >= 1:
        return frame
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def mean_results(videos: list[VideoRow], config: EvaluateConfig) -> list[MetricResult]:
    """Return the means over videos, all with the same weight.

    Args:
        videos: the metrics of each.
        config: resamples and seed of the confidence intervals.
    """
    results = []
    for key, metric in PAIRED_METRICS.items():
        found = (video.values[key] for video in videos)
        values = np.array([value for value in found if value is not None])
        low = high = None
        note = None
        if config.bootstrap and len(values) >= bootstrap.FEWEST:
            interval = metrics.bootstrap_mean(values, replicates=config.bootstrap, seed=config.seed)
            low, high = interval.low, interval.high
        elif config.bootstrap and len(values):
            note = f"no interval of {len(values)} videos: at least {bootstrap.FEWEST} are needed"
        results.append(
            MetricResult(
                key,
                metric.title,
                GROUP,
                float(values.mean()) if len(values) else None,
                low,
                high,
                better=metric.better,
                unit=metric.unit,
                protocol={"videos": len(values), **metric.protocol},
                note=note,
            )
        )
    return results
