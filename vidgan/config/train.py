"""Options of the training: part of ``vidgan train``."""

import math
from dataclasses import dataclass

from vidgan.augment import POLICIES
from vidgan.config.base import Config, OptionValue, option, option_fields
from vidgan.config.groups import Group
from vidgan.config.presets import PRESETS
from vidgan.config.shared import MAX_SEED, SYNTHESIS_ONLY
from vidgan.errors import OptionError
from vidgan.losses import LOSSES

DEFAULT_RUNS = "runs"
# Default of --batch-size, and with a reconstruction loss, which is best with more clips.
DEFAULT_BATCH, RECONSTRUCTION_BATCH = 2, 4
# On a GPU, which takes about as long for a few clips.
GPU_BATCH = 16
# Default of --r1 with --pairs: such a discriminator would otherwise get too far ahead.
R1_OF_PAIRS = 3.0
MAX_MINUTES = 1e5
# Registry: distances that training computes, each a function of the features of real clips
# ``(n, d)`` and of generated ones ``(m, d)``, as ``package.module:function``.
METRICS = {
    "frechet": "vidgan.training.distance_metrics:frechet",
    "kernel": "vidgan.training.distance_metrics:kernel",
}
# Registry: optimizers of the generator, each the class, as ``package.module:class``.
OPTIMIZERS = {
    "adam": "vidgan.training.optimizers.adam:FusedAdam",
    "muon": "vidgan.training.optimizers.muon:Muon",
}
# Defaults of options with --reconstruction, where they differ.
RECONSTRUCTION_DEFAULTS: dict[str, OptionValue] = {
    "optimizer": "muon",
    "g_lr": 4e-3,
    "schedule": "cosine",
    # In bfloat16 clips have grain, and a step takes as long (benchmarks/portfolio.md).
    "precision": "float32",
}
# The budget if none is given: of synthesis, and of other tasks.
DEFAULT_MINUTES, DEFAULT_EPOCHS = 15.0, 100.0
# Default of --patience with DEFAULT_MINUTES.
DEFAULT_PATIENCE = 2


@dataclass(frozen=True)
class TrainConfig(Config):
    """Options of the training; tasks add more, see :mod:`vidgan.config.tasks`."""

    preset: str = option(
        "balanced",
        "Settings for the time available: fast for minutes, quality for hours; options that you "
        "give override them.",
        choices=tuple(PRESETS),
        group=Group.MODEL,
        common=True,
        tasks=SYNTHESIS_ONLY,
    )
    epochs: float | None = option(
        None,
        "Stop after this many passes over the training clips; a pass over a short video counts "
        "64 clips at least.",
        min=0.001,
        default_text=f"{DEFAULT_EPOCHS:g} for tasks other than synthesis, without other limits",
        group=Group.BUDGET,
        common=True,
        resumable=True,
    )
    steps: int | None = option(
        None,
        "Stop after this many training steps.",
        min=1,
        group=Group.BUDGET,
        resumable=True,
    )
    minutes: float | None = option(
        None,
        "Stop after this many minutes of training.",
        min=0.001,
        default_text=f"{DEFAULT_MINUTES:g} for synthesis, without --epochs and --steps",
        group=Group.BUDGET,
        common=True,
        resumable=True,
    )
    batch_size: int | None = option(
        None,
        "Real clips per step, over all devices.",
        min=1,
        max=4096,
        default_text=f"{GPU_BATCH} for each GPU, or as many as fit in its memory; on a CPU "
        f"{RECONSTRUCTION_BATCH} with --reconstruction, else {DEFAULT_BATCH}; or all clips of a "
        "smaller dataset",
        group=Group.OPTIMISATION,
        common=True,
    )
    stride: int = option(1, "Take every n-th frame of the video.", min=1, max=64, group=Group.DATA)
    mirror: bool = option(True, "Flip half of the clips horizontally.", group=Group.DATA)
    augment: str = option(
        "translation",
        "Differentiable augmentation of real and generated clips, the same in all frames of a "
        f"clip: any of {', '.join(POLICIES)}, joined by commas, or none.",
        group=Group.DATA,
        tasks=("synthesis", "translate"),
    )
    ada: float | None = option(
        None,
        "Adaptive augmentation (ADA): adjust the probability of augmentation so that the mean sign "
        "of the discriminator's logits on real clips stays at this target; 0.6 is usual.",
        min=0.05,
        max=0.95,
        default_text="always augment",
        group=Group.DATA,
        tasks=SYNTHESIS_ONLY,
        requires="augment",
    )
    loss: str = option(
        "non-saturating",
        "Adversarial loss.",
        choices=tuple(LOSSES),
        group=Group.LOSSES,
        requires="adversarial",
    )
    label_smoothing: float = option(
        0.0,
        "One-sided label smoothing: the target of real clips is 1 minus this.",
        min=0,
        max=0.45,
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
    )
    instance_noise: float = option(
        0.0,
        "Standard deviation of the noise added to clips before the discriminator, for pixels in "
        "[-1, 1]; decreases to 0 over the budget.",
        min=0,
        max=2,
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
    )
    optimizer: str = option(
        "adam",
        "Optimizer of the generator.",
        choices=tuple(OPTIMIZERS),
        default_text="muon with --reconstruction, for inpaint, interpolate and colorize, else adam",
        group=Group.OPTIMISATION,
        tasks=("synthesis", "enhance", "inpaint", "interpolate", "colorize"),
    )
    g_lr: float = option(
        8e-4,
        "Learning rate of the generator.",
        min=1e-8,
        max=1,
        default_text="0.004 with --reconstruction, 0.003 for inpaint, interpolate and colorize, "
        "0.001 for enhance, else 0.0008",
        group=Group.OPTIMISATION,
    )
    d_lr: float = option(
        4e-4,
        "Learning rate of the discriminator.",
        min=1e-8,
        max=1,
        group=Group.OPTIMISATION,
        requires="adversarial",
    )
    g_every: int = option(
        1,
        "Train the generator only every n-th step.",
        min=1,
        max=100,
        group=Group.OPTIMISATION,
        tasks=SYNTHESIS_ONLY,
    )
    d_every: int = option(
        1,
        "Train the discriminator only every n-th step.",
        min=1,
        max=100,
        group=Group.OPTIMISATION,
        tasks=SYNTHESIS_ONLY,
    )
    schedule: str = option(
        "constant",
        "Schedule of the learning rates over the budget: constant, or cosine decay to 0.",
        choices=("constant", "cosine"),
        default_text="constant with --reconstruction 0 and for translate, else cosine",
        group=Group.OPTIMISATION,
    )
    warmup: float = option(
        0.0,
        "Fraction of the budget over which the learning rates rise to their full value.",
        min=0,
        max=0.9,
        group=Group.OPTIMISATION,
    )
    adaptive: bool = option(
        False,
        "Lower the learning rate of the network that is ahead of the other.",
        group=Group.OPTIMISATION,
        tasks=SYNTHESIS_ONLY,
    )
    beta_1: float = option(
        0.5, "Adam's decay rate of the first moment.", min=0, max=0.999, group=Group.OPTIMISATION
    )
    beta_2: float = option(
        0.99,
        "Adam's decay rate of the second moment.",
        min=0,
        max=0.99999,
        group=Group.OPTIMISATION,
    )
    r1: float = option(
        0.3,
        "Weight of the R1 penalty (gradient at real clips); 0 disables it. The default is "
        f"{R1_OF_PAIRS:g} with --pairs.",
        min=0,
        max=1e4,
        group=Group.LOSSES,
        requires="adversarial",
    )
    r2: float = option(
        0.0,
        "Weight of the R2 penalty (gradient at generated clips); 0 disables it.",
        min=0,
        max=1e4,
        group=Group.LOSSES,
        requires="adversarial",
    )
    gradient_penalty: float = option(
        0.0,
        "Weight of WGAN-GP's gradient penalty (gradient norm 1 between real and generated clips); "
        "0 disables it.",
        min=0,
        max=1e4,
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
    )
    penalty_every: int = option(
        16,
        "Lazy regularisation: apply the penalties only every n-th step, with n times their weight.",
        min=1,
        max=1000,
        group=Group.LOSSES,
        requires="adversarial",
    )
    unroll: int = option(
        0,
        "Unrolled GAN: train the generator against the discriminator after this many further "
        "steps; 0 disables it.",
        min=0,
        max=10,
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
    )
    recognition: float | None = option(
        None,
        "Weight of InfoGAN's mutual-information loss.",
        min=0,
        max=1e3,
        default_text="1 for infogan",
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
    )
    ema: float = option(
        0.999,
        "Decay of the moving average of the generator's weights, which is used to generate.",
        min=0,
        max=0.99999,
        group=Group.OPTIMISATION,
    )
    precision: str = option(
        "auto",
        "Precision of the layers; auto is mixed_bfloat16 on CPUs with AMX, else float32.",
        choices=("auto", "float32", "mixed_float16", "mixed_bfloat16"),
        default_text="float32 with --reconstruction, for tasks that restore, else auto",
        group=Group.MACHINE,
    )
    device: str = option(
        "auto",
        "Device: auto (all GPUs, or the CPU if there is none), cpu, gpu (all GPUs) or gpu:N.",
        group=Group.MACHINE,
        resumable=True,
    )
    seed: int = option(0, "Seed of all random numbers.", min=0, max=MAX_SEED, group=Group.MACHINE)
    snapshot_minutes: float = option(
        5.0,
        "Save a checkpoint and samples every n minutes.",
        min=0.001,
        max=MAX_MINUTES,
        group=Group.METRICS,
        resumable=True,
    )
    keep: int = option(
        3,
        "Number of newest checkpoints to keep, besides the best one.",
        min=1,
        max=1000,
        group=Group.METRICS,
        resumable=True,
    )
    log_every: int = option(
        10,
        "Write a line to the log every n steps.",
        min=1,
        max=10000,
        group=Group.METRICS,
        resumable=True,
    )
    metrics: str = option(
        "frechet",
        "Distances from generated to real clips that are computed during training: any of "
        f"{', '.join(METRICS)}, joined by commas, or none. The first one selects the best "
        "checkpoint.",
        group=Group.METRICS,
        tasks=SYNTHESIS_ONLY,
        resumable=True,
    )
    metric_every: str = option(
        "auto",
        "Smallest number of minutes between two computations of the metrics; auto is half of "
        "--snapshot-minutes.",
        group=Group.METRICS,
        resumable=True,
        requires="metrics",
    )
    metric_share: float = option(
        0.05,
        "Largest fraction of the training time that metrics may take; they are computed less "
        "often if necessary.",
        min=1e-4,
        max=1,
        group=Group.METRICS,
        resumable=True,
        requires="metrics",
    )
    patience: int = option(
        0,
        "Early stopping: end when the metric has not improved significantly in this many "
        "computations, with a schedule after a last decay of the learning rate; 0 disables it.",
        min=0,
        default_text=f"{DEFAULT_PATIENCE} for synthesis without --epochs, --steps and --minutes, "
        "else 0",
        group=Group.METRICS,
        resumable=True,
        requires="metrics",
    )
    tensorboard: bool = option(
        True, "Write TensorBoard files.", group=Group.METRICS, resumable=True
    )
    health: bool = option(
        True,
        "Detect mode collapse, memorisation and networks that stopped learning, and advise what to "
        "change.",
        group=Group.METRICS,
        tasks=SYNTHESIS_ONLY,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.metric_minutes

    @property
    def metric_minutes(self) -> float | None:
        """The smallest number of minutes between two computations of the metrics; None for auto.

        Raises:
            OptionError: ``metric_every`` is neither auto nor a number of minutes.
        """
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


# Limits of the training; the first that is reached ends it.
BUDGET = tuple(
    field.name for field, spec in option_fields(TrainConfig) if spec.group is Group.BUDGET
)
