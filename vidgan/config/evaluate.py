"""Options of ``vidgan evaluate``."""

from dataclasses import dataclass
from typing import Any

from vidgan.config.base import Config, option

# Fewer generated clips say little of what a generator makes.
MIN_GENERATED = 256
# Registry: embeddings of whole clips and of single frames; see vidgan/metrics/features.
CLIP_FEATURES = ("appearance-motion", "random3d", "motion", "i3d")
FRAME_FEATURES = ("random2d", "inception")
# Registry: groups of figures; see vidgan/jobs/evaluate/metric_groups.py.
MEASURES = (
    "distance",
    "frames",
    "coverage",
    "diversity",
    "motion",
    "memorisation",
    "discriminator",
    "labels",
)
# What can be chosen of restored videos against their originals.
PAIRED_OPTIONS = ("paired", "bootstrap", "seed", "overwrite")
# The names under which figures are published, with the settings of StyleGAN-V (arXiv 2112.14683).
_FVD: dict[str, Any] = {"n": 2048, "clip_features": "i3d", "split": "train", "measures": "distance"}
# Pictures that "50k" stands for.
PICTURES = 50_000
_FID: dict[str, Any] = {
    "n": PICTURES // 16,  # Clips of 16 frames.
    "frame_features": "inception",
    "split": "train",
    "measures": "frames",
}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "default": {},
    "fvd2048_16f": _FVD | {"frames": 16, "stride": 1},
    "fvd2048_128f": _FVD | {"frames": 128, "stride": 1},
    "fvd2048_128f_subsample8f": _FVD | {"frames": 16, "stride": 8},
    "fid50k_full": _FID,
    "kid50k_full": _FID,
}


@dataclass(frozen=True)
class EvaluateConfig(Config):
    """How generated clips are measured."""

    protocol: str = option(
        "default",
        "Settings under a name that papers use; options that you give count for more.",
        choices=tuple(PROTOCOLS),
    )
    paired: bool = option(
        False,
        "Compare restored videos, --fake, with their originals, --real, frame by frame: two "
        "videos, or two folders with the same names.",
    )
    measures: str = option(
        ",".join(MEASURES),
        f"What to measure, joined by commas: any of {', '.join(MEASURES)}.",
    )
    clip_features: str = option(
        "appearance-motion",
        "Embedding in which clips are compared; i3d is FVD's.",
        choices=CLIP_FEATURES,
    )
    frame_features: str = option(
        "random2d",
        "Embedding in which single frames are compared; inception is FID's.",
        choices=FRAME_FEATURES,
    )
    weights: str | None = option(
        None, "Weights of i3d or inception, a file; without one the published are fetched once."
    )
    n: int | None = option(
        None,
        "Clips of each side; default: as many generated ones as there are test clips, at least "
        f"{MIN_GENERATED}, and all videos.",
        min=2,
    )
    split: str = option(
        "test",
        "Clips of a dataset that generated ones are compared with.",
        choices=("test", "train"),
    )
    frames: int | None = option(
        None, "Frames of a clip; default: the run's, or 16.", min=4, max=1024
    )
    stride: int | None = option(
        None, "Take every n-th frame of real clips; default: the run's, or 1.", min=1, max=64
    )
    size: tuple[int, int] | None = option(
        None, "Bring videos to this size first; default: the first one's.", min=None
    )
    fps: float | None = option(
        None, "Bring videos to this rate first; default: leave each its own.", min=0.1, max=240
    )
    bootstrap: int = option(
        200, "Resamplings that the confidence intervals come of; 0 is none.", min=0, max=100_000
    )
    seed: int = option(
        0,
        "Seed of the first generated clip, the next has the next; also of all that is drawn.",
        min=0,
        max=2**31 - 1,
    )
    batch_size: int = option(16, "Clips handled at once.", min=1, max=4096)
    checkpoint: str = option("latest", "latest, best, or the step of a checkpoint of the run.")
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    cache: bool = option(True, "Keep what was measured of real clips for the next time.")
    overwrite: bool = option(False, "Replace an output that is there already.")
