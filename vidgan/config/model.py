"""The networks' options: part of ``vidgan train``'s."""

from dataclasses import dataclass

from vidgan.config.base import Config, option

# Sizes a network can be built for: a side is BASE × 2^k. See models/sizes.py.
MIN_SIDE, MAX_SIDE = 32, 256
FRAME_COUNTS = (8, 16, 32)


@dataclass(frozen=True)
class ModelConfig(Config):
    """The networks; with a dataset's size this is all that is needed to build them."""

    model: str = option("dcgan", "Architecture.", choices=("dcgan",))
    frames: int = option(16, "Frames of a clip: 8, 16 or 32.", min=8, max=32)
    latent_dim: int = option(128, "Length of the latent vector.", min=2, max=4096)
    g_channels: int = option(
        24,
        "Channels of the generator at half of the full size; smaller levels have up to 8 times as "
        "many.",
        min=4,
        max=512,
    )
    d_channels: int = option(
        24,
        "Channels of the discriminator, as for the generator.",
        min=4,
        max=512,
    )
