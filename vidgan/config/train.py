"""How networks are trained: options of ``vidgan train``."""

import math
from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.presets import PRESETS
from vidgan.errors import OptionError

DEFAULT_RUNS = "runs"
DEFAULT_BATCH = 2
# Of a discriminator that judges pairs, which would otherwise run ahead.
R1_OF_PAIRS = 3.0
# Registry: losses of vidgan/losses.py.
LOSSES = (
    "non-saturating",
    "saturating",
    "hinge",
    "least-squares",
    "wasserstein",
    "relativistic",
)
MAX_MINUTES = 1e5
# What training runs to when no budget is given.
DEFAULT_EPOCHS = 100.0


@dataclass(frozen=True)
class TrainConfig(Config):
    """How the networks are trained."""

    preset: str = option(
        "balanced",
        "Settings for the time you have: fast for minutes, quality for hours; options that you "
        "give count for more.",
        choices=tuple(PRESETS),
    )
    epochs: float | None = option(
        None, "Stop after this many passes over the training clips.", min=0.001
    )
    steps: int | None = option(None, "Stop after this many training steps.", min=1)
    minutes: float | None = option(None, "Stop after this many minutes of training.", min=0.001)
    batch_size: int | None = option(
        None,
        f"Clips a step; default: {DEFAULT_BATCH}, or all clips of a smaller dataset.",
        min=1,
        max=4096,
    )
    stride: int = option(1, "Take every n-th frame of the video.", min=1, max=64)
    mirror: bool = option(True, "Flip half of the clips left to right.", name="mirror")
    augment: str = option(
        "translation",
        "What varies the clips both networks see, alike in all frames of a clip: any of color, "
        "translation, cutout, joined by commas, or none.",
    )
    ada: float | None = option(
        None,
        "Adapt how often clips are augmented, so that the discriminator's mean sign on real clips "
        "stays here; 0.6 is usual.  [default: always augment]",
        min=0.05,
        max=0.95,
    )
    loss: str = option("non-saturating", "Adversarial loss.", choices=LOSSES)
    label_smoothing: float = option(
        0.0, "Let real clips be real only to this much less than 1.", min=0, max=0.45
    )
    instance_noise: float = option(
        0.0,
        "Noise on all that the discriminator sees, as a share of the pixels' half range; fades "
        "out towards the end of the budget.",
        min=0,
        max=2,
    )
    g_lr: float = option(8e-4, "Learning rate of the generator.", min=1e-8, max=1)
    d_lr: float = option(4e-4, "Learning rate of the discriminator.", min=1e-8, max=1)
    g_every: int = option(1, "Train the generator only at every n-th step.", min=1, max=100)
    d_every: int = option(1, "Train the discriminator only at every n-th step.", min=1, max=100)
    schedule: str = option(
        "constant",
        "Learning rates over the budget: constant, or falling to nothing along a cosine.",
        choices=("constant", "cosine"),
    )
    warmup: float = option(
        0.0, "Let the learning rates rise during this share of the budget.", min=0, max=0.9
    )
    adaptive: bool = option(
        False, "Lower the learning rate of whichever network is winning.", name="adaptive"
    )
    beta_1: float = option(0.5, "Adam's decay of the first moment.", min=0, max=0.999)
    beta_2: float = option(0.99, "Adam's decay of the second moment.", min=0, max=0.99999)
    r1: float = option(
        0.3,
        "Weight of the R1 penalty (gradient on real clips); 0 is off, and 3 is the default with "
        "--pairs.",
        min=0,
        max=1e4,
    )
    r2: float = option(
        0.0, "Weight of the R2 penalty (gradient on generated clips); 0 is off.", min=0, max=1e4
    )
    gradient_penalty: float = option(
        0.0,
        "Weight of WGAN-GP's penalty (gradient of 1 between real and generated); 0 is off.",
        min=0,
        max=1e4,
    )
    penalty_every: int = option(
        16, "Apply the penalties, as many times as strong, every this many steps.", min=1, max=1000
    )
    unroll: int = option(
        0,
        "Train the generator against the discriminator as it would be after this many more steps.",
        min=0,
        max=10,
    )
    recognition: float | None = option(
        None,
        "Weight of recognising infogan's codes.  [default: 1 for infogan]",
        min=0,
        max=1e3,
    )
    ema: float = option(
        0.999,
        "Decay of the generator's moving average, which is what generates.",
        min=0,
        max=0.99999,
    )
    precision: str = option(
        "auto",
        "Arithmetic of the layers; auto is mixed_bfloat16 on a CPU that is made for it, else "
        "float32.",
        choices=("auto", "float32", "mixed_float16", "mixed_bfloat16"),
    )
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    seed: int = option(0, "Seed of everything random.", min=0, max=2**31 - 1)
    snapshot_minutes: float = option(
        5.0, "Save a checkpoint and samples every so many minutes.", min=0.001, max=MAX_MINUTES
    )
    keep: int = option(3, "How many of the newest checkpoints to keep.", min=1, max=1000)
    log_every: int = option(10, "Write a line to the log every so many steps.", min=1, max=10000)
    metrics: str = option(
        "frechet",
        "Distances of generated clips to real ones to measure while training: any of frechet, "
        "kernel, joined by commas, or none. The first chooses the best checkpoint.",
    )
    metric_every: str = option(
        "auto",
        "Measure every so many minutes at most; auto is half of --snapshot-minutes.",
    )
    metric_share: float = option(
        0.05,
        "Share of the training time that measuring may take; it is done less often if need be.",
        min=1e-4,
        max=1,
    )
    patience: int = option(
        0,
        "Stop when so many measurements in a row are no better than before, but for chance; 0 is "
        "off.",
        min=0,
    )
    tensorboard: bool = option(True, "Write TensorBoard files.", name="tensorboard")
    health: bool = option(
        True,
        "Watch for mode collapse, memorisation and networks that stopped learning, and say what to "
        "change.",
        name="health",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.metric_minutes

    @property
    def metric_minutes(self) -> float | None:
        """The least minutes between two measurements; None for auto."""
        if self.metric_every == "auto":
            return None
        try:
            minutes = float(self.metric_every)
        except ValueError:
            minutes = math.nan
        if not 0 < minutes <= MAX_MINUTES:
            raise OptionError(
                f"--metric-every {self.metric_every!r} is neither auto nor minutes above 0, "
                f"{MAX_MINUTES:g} at most"
            )
        return minutes
