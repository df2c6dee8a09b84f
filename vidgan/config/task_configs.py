"""Options that single tasks add to ``vidgan train``.

``--help`` lists them under a heading of the tasks that have them.
"""

from dataclasses import dataclass

from vidgan.config.base import Config, option, option_names
from vidgan.config.ranges import parse_range
from vidgan.errors import OptionError


@dataclass(frozen=True)
class Degradation:
    """A kind of degradation; its strength is the option of the same name.

    Attributes:
        function: from a clip, a strength and a random generator to a clip, as
            ``package.module:function``; see :mod:`vidgan.degradations.degradation_model`.
        min: smallest strength allowed.
        max: largest strength allowed.
    """

    function: str
    min: float
    max: float


_DEGRADATIONS = "vidgan.degradations.degradation_model"
_MASKS = "vidgan.degradations.masks"
# Registry: kinds of degradation, in the order in which they are applied.
DAMAGES = {
    "blur": Degradation(f"{_DEGRADATIONS}:blur", 0, 20),
    "resize": Degradation(f"{_DEGRADATIONS}:resize", 0.1, 4),
    "dark": Degradation(f"{_DEGRADATIONS}:dark", 1, 100),
    "shot": Degradation(f"{_DEGRADATIONS}:shot", 0, 255),
    "noise": Degradation(f"{_DEGRADATIONS}:noise", 0, 255),
    "jpeg": Degradation(f"{_DEGRADATIONS}:jpeg", 1, 100),
    "video": Degradation(f"{_DEGRADATIONS}:video", 0, 51),
}
# Registry: kinds of masks, each the function that draws it, as ``package.module:function``.
MASKS = {
    "free-form": f"{_MASKS}:free_form",
    "box": f"{_MASKS}:box",
    "object": f"{_MASKS}:moving_object",
    "text": f"{_MASKS}:text",
    "scratches": f"{_MASKS}:scratches_and_dust",
}
DEFAULT_CROP = 64
# Of enhance, whose network works at the low resolution: the crop has this many pixels there.
CROP_CELLS, MIN_CROP = 16, 32


@dataclass(frozen=True)
class CropConfig(Config):
    """Options of tasks that turn clips into clips; they are trained on crops of frames."""

    crop: int | None = option(
        None,
        "Side in pixels of the square crops that the network is trained on; smaller frames are "
        "not cropped.",
        min=16,
        max=512,
        default_text=f"{DEFAULT_CROP}; for enhance {CROP_CELLS} times --scale, at least {MIN_CROP}",
    )

    @property
    def side(self) -> int:
        """Side of the crop in pixels; the default if none is given."""
        return DEFAULT_CROP if self.crop is None else self.crop


@dataclass(frozen=True)
class RestoringConfig(CropConfig):
    """Options of tasks that are trained on pairs of degraded clips and originals."""

    adversarial: float = option(
        0.0, "Weight of the adversarial loss; 0 disables it.", min=0, max=100
    )
    perceptual: float = option(0.0, "Weight of the perceptual loss; 0 disables it.", min=0, max=100)
    temporal: float = option(
        0.0,
        "Weight of the temporal loss, on the changes from frame to frame; 0 disables it.",
        min=0,
        max=100,
    )


@dataclass(frozen=True)
class EnhanceConfig(RestoringConfig):
    """Options of the network that enhances clips, and of the degradations it is trained on.

    A strength is a number, or a range such as ``0..25`` from which a value is drawn for each clip.
    """

    scale: int = option(4, "Factor by which width and height grow, 1 to 4.", min=1, max=4)
    damage: str = option(
        ",".join(DAMAGES),
        f"Degradations of the training clips besides downscaling: any of {', '.join(DAMAGES)}, "
        "joined by commas, or none. One is always applied; of several each is applied at random, "
        "twice in a row.",
    )
    blur: str = option("0..2", "Standard deviation of the blur, in pixels of the original.")
    resize: str = option(
        "0.5..1.5",
        "Factor by which clips are resized on the way to their size, with a random kernel.",
    )
    dark: str = option("2..8", "Factor by which the light is reduced, which adds noise.")
    shot: str = option(
        "0..15", "Standard deviation of Poisson noise in white areas, in levels of 255."
    )
    noise: str = option("0..25", "Standard deviation of Gaussian noise, in levels of 255.")
    jpeg: str = option("30..95", "Quality of JPEG compression, 1 to 100.")
    video: str = option(
        "18..38", "Rate factor (CRF) of H.264 compression, 0 to 51; higher is worse."
    )
    blocks: int = option(6, "Number of residual blocks of the network.", min=1, max=64)

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind in DAMAGES:
            self.strength(kind)
        unknown = [kind for kind in self.damages if kind not in DAMAGES]
        if unknown:
            raise OptionError(f"--damage {unknown[0]!r} is none of {', '.join(DAMAGES)}, none")

    @property
    def side(self) -> int:
        """Side of the crop in pixels; the default if none is given."""
        return max(MIN_CROP, CROP_CELLS * self.scale) if self.crop is None else self.crop

    @property
    def damages(self) -> tuple[str, ...]:
        """The kinds of degradation, in the order in which they are applied."""
        if self.damage == "none":
            return ()
        named = [kind.strip() for kind in self.damage.split(",")]
        return (*(k for k in DAMAGES if k in named), *(k for k in named if k not in DAMAGES))

    def strength(self, kind: str) -> tuple[float, float]:
        """Return the smallest and the largest strength of a kind of degradation.

        Raises:
            OptionError: the option is not a range, or out of bounds.
        """
        name, bounds = option_names(type(self))[kind], DAMAGES[kind]
        return parse_range(name, getattr(self, kind), bounds.min, bounds.max)


@dataclass(frozen=True)
class InpaintConfig(RestoringConfig):
    """Options of the masks that the inpainting network is trained on."""

    masks: str = option(
        ",".join(MASKS),
        f"Kinds of masks to train on, one chosen at random for each clip: any of "
        f"{', '.join(MASKS)}, joined by commas.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = [kind for kind in self.kinds if kind not in MASKS]
        if unknown:
            raise OptionError(f"--masks {unknown[0]!r} is none of {', '.join(MASKS)}")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of masks."""
        return tuple(kind.strip() for kind in self.masks.split(","))


@dataclass(frozen=True)
class InterpolateConfig(RestoringConfig):
    """Options of the network that interpolates frames."""


@dataclass(frozen=True)
class ColorizeConfig(RestoringConfig):
    """Options of the network that gives clips colours."""


@dataclass(frozen=True)
class TranslateConfig(CropConfig):
    """Options of the losses of translation, besides the adversarial one."""

    cycle: float = option(
        10.0, "Weight of the cycle-consistency loss; 0 disables it.", min=0, max=1000
    )
    identity: float = option(
        0.0,
        "Weight of the identity loss, which keeps colours: a clip that is already of the target "
        "domain should not change; 0 disables it.",
        min=0,
        max=1000,
    )
