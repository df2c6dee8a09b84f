"""Options of the networks: part of ``vidgan train``."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from vidgan.config.base import Config, option
from vidgan.config.groups import Group
from vidgan.config.shared import SYNTHESIS_ONLY
from vidgan.errors import OptionError
from vidgan.json_files import Text

# Sides of frames in pixels; see models/sizes.py.
MIN_SIDE, MAX_SIDE = 32, 512
# Factors by which the second network of a cascade enlarges; 1 is no cascade.
UPSCALES = (1, 2, 4)
FRAME_COUNTS = (8, 16, 32)
MAX_LABELS = 10_000

# Registry: the model NAME is ``vidgan/models/NAME.py``.
MODELS = ("dcgan", "vgan", "infogan", "sagan", "dvdgan", "mocogan", "continuous")
# Registry: views of a clip that discriminators can have; see models/views.py.
DISCRIMINATORS = ("clip", "frames", "small")
_MODEL_DEFAULT = "the model's own"


@dataclass(frozen=True)
class ModelConfig(Config):
    """Options of the networks; with a dataset's size they determine how networks are built.

    Options that are None have a default of each model; ``vidgan.models.resolve`` fills them in.

    Attributes:
        labels: names of the classes of a conditional model, in the order of their numbers.
    """

    model: str = option(
        "dcgan",
        "Architecture; vidgan models describes them.",
        choices=MODELS,
        group=Group.MODEL,
        common=True,
        tasks=SYNTHESIS_ONLY,
    )
    upscale: int | None = option(
        None,
        "Train a cascade: the generator makes clips of about 1/n of the size, and a second network "
        "enlarges them: 2 or 4; 1 is no cascade.",
        min=min(UPSCALES),
        max=max(UPSCALES),
        default_text="by the size: 1 up to about 90x90 pixels, 2 up to 180x180, else 4",
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
        fallback=1,
        before=1,
    )
    frames: int = option(
        16, "Frames per clip: 8, 16 or 32.", min=8, max=32, group=Group.MODEL, common=True
    )
    latent_dim: int = option(
        128,
        "Length of the latent vector.",
        min=2,
        max=4096,
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
    )
    g_channels: int = option(
        24,
        "Channels of the generator at half of the full size; lower resolutions have up to 8 times "
        "as many.",
        min=4,
        max=512,
        group=Group.MODEL,
    )
    d_channels: int = option(
        24,
        "Channels of the discriminator at half of the full size, as for the generator.",
        min=4,
        max=512,
        group=Group.MODEL,
    )
    discriminators: str | None = option(
        None,
        f"Views of a clip that have a discriminator each: any of {', '.join(DISCRIMINATORS)}, "
        "joined by commas: the whole clip, a few full-size frames, the whole clip at half size.",
        default_text=_MODEL_DEFAULT,
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
        fallback="clip",
    )
    judged_frames: int = option(
        2,
        "Frames per clip that the frames discriminator takes, each by itself.",
        min=1,
        max=32,
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
    )
    spectral_norm: str | None = option(
        None,
        "Networks with spectral normalisation.",
        choices=("none", "discriminator", "both"),
        default_text=_MODEL_DEFAULT,
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
        fallback="none",
    )
    motion_dim: int | None = option(
        None,
        "Length of the motion latent, for models that have one.",
        min=1,
        max=1024,
        default_text=_MODEL_DEFAULT,
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
    )
    categories: int | None = option(
        None,
        "Number of values of infogan's categorical code.",
        min=2,
        max=1000,
        default_text=_MODEL_DEFAULT,
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
    )
    codes: int | None = option(
        None,
        "Number of infogan's continuous codes.",
        min=0,
        max=64,
        default_text=_MODEL_DEFAULT,
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
    )
    pairs: bool | None = option(
        None,
        "Show the discriminator pairs of clips (PacGAN), against mode collapse.",
        default_text="with dcgan and its loss, if --batch-size is even",
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
        fallback=False,
    )
    reconstruction: float | None = option(
        None,
        "Weight of the reconstruction loss against the adversarial loss; 0 trains the GAN alone.",
        min=0,
        max=1e3,
        default_text="1 for dcgan, 0 for other models",
        group=Group.LOSSES,
        tasks=SYNTHESIS_ONLY,
        fallback=0.0,
        before=0.0,
    )
    temporal_threshold: float | None = option(
        None,
        "Remove changes over time that are smaller than this, in levels of 255, so that static "
        "areas do not shimmer; 0 disables it.",
        min=0,
        max=64,
        default_text="0 with --reconstruction, else the model's own",
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
        before=0.0,
        renamed_from="still",
    )
    conditional: bool = option(
        False,
        "Condition the networks on the dataset's labels, to generate clips of a given label.",
        group=Group.MODEL,
        tasks=SYNTHESIS_ONLY,
    )
    labels: Annotated[tuple[Text, ...], Meta(max_length=MAX_LABELS)] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames not in FRAME_COUNTS:
            counts = ", ".join(map(str, FRAME_COUNTS))
            raise OptionError(f"--frames {self.frames} is none of {counts}")
        if self.upscale not in (None, *UPSCALES):
            counts = ", ".join(map(str, UPSCALES))
            raise OptionError(f"--upscale {self.upscale} is none of {counts}")
