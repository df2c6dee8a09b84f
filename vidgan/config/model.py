"""The networks' options: part of ``vidgan train``'s."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.errors import OptionError

# Sizes a network can be built for: a side is BASE × 2^k. See models/sizes.py.
MIN_SIDE, MAX_SIDE = 32, 256
FRAME_COUNTS = (8, 16, 32)

# Registry: the model NAME is ``vidgan/models/NAME.py``.
MODELS = ("dcgan", "vgan", "infogan", "sagan", "dvdgan", "mocogan", "continuous")
# Registry: views of a clip that a discriminator can have; see models/views.py.
DISCRIMINATORS = ("clip", "frames", "small")


@dataclass(frozen=True)
class ModelConfig(Config):
    """The networks; with a dataset's size this is all that is needed to build them.

    Options that are None are the model's own; ``vidgan.models.resolve`` fills them in.

    Attributes:
        labels: names of the classes of a conditional model, in the order of their numbers.
    """

    model: str = option("dcgan", "Architecture; vidgan models explains them.", choices=MODELS)
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
    discriminators: str | None = option(
        None,
        f"What is judged, each by a discriminator of its own: any of {', '.join(DISCRIMINATORS)}, "
        "joined by commas: the whole clip, a few full-size frames, the whole clip at half size.  "
        "[default: the model's own]",
    )
    judged_frames: int = option(
        2, "Frames a clip that the frames discriminator judges, each alone.", min=1, max=32
    )
    spectral_norm: str | None = option(
        None,
        "Networks whose layers are held at a fixed spectral norm.  [default: the model's own]",
        choices=("none", "discriminator", "both"),
    )
    motion_dim: int | None = option(
        None,
        "Length of a motion latent, for models that have one.  [default: the model's own]",
        min=1,
        max=1024,
    )
    categories: int | None = option(
        None,
        "Values of infogan's categorical code.  [default: the model's own]",
        min=2,
        max=1000,
    )
    codes: int | None = option(
        None,
        "Number of infogan's continuous codes.  [default: the model's own]",
        min=0,
        max=64,
    )
    pairs: bool | None = option(
        None,
        "Judge clips two by two, so that clips that are too much alike are seen to be made.  "
        "[default: with dcgan and its loss, where --batch-size is even]",
    )
    still: float | None = option(
        None,
        "Grey levels below which changes over time do not show, so that walls do not shimmer; 0 "
        "lets all show.  [default: the model's own]",
        min=0,
        max=64,
    )
    conditional: bool = option(False, "Learn the dataset's labels: a clip of each on demand.")
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames not in FRAME_COUNTS:
            counts = ", ".join(map(str, FRAME_COUNTS))
            raise OptionError(f"--frames {self.frames} is none of {counts}")
