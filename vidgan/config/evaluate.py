"""Options of ``vidgan evaluate``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option

# Fewer generated clips say little of what a generator makes.
MIN_GENERATED = 256
# What vidgan.metrics.features knows, by name.
FEATURES = ("appearance-motion", "random3d", "random2d", "motion", "i3d", "inception")


@dataclass(frozen=True)
class EvaluateConfig(Config):
    """How a run is judged."""

    n: int | None = option(
        None,
        f"Clips to generate; default: as many as there are test clips, at least {MIN_GENERATED}.",
        min=2,
    )
    features: str = option(
        "random3d",
        "Embedding in which clips are compared; i3d is FVD's, inception FID's on frames.",
        choices=FEATURES,
    )
    weights: str | None = option(
        None, "File of weights for --features i3d or inception (.h5, .npz, TensorFlow checkpoint)."
    )
    seed: int = option(
        0,
        "Seed of the first generated clip, the next has the next; also chooses training clips.",
        min=0,
        max=2**31 - 1,
    )
    batch_size: int = option(16, "Clips handled at once.", min=1, max=4096)
    checkpoint: str = option("latest", "latest, or the step of a checkpoint of the run.")
    device: str = option("auto", "auto (a GPU where there is one), cpu, gpu or gpu:N.")
    overwrite: bool = option(False, "Replace an output that is there already.")
