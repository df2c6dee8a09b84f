"""What is trained: a registry of the tasks of ``vidgan train`` with the options each adds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from vidgan.config.base import Config, option, option_names
from vidgan.config.model import ModelConfig
from vidgan.config.ranges import parse_range
from vidgan.config.restore import (
    ENHANCE_COMMAND,
    INPAINT_COMMAND,
    TRANSLATE_COMMAND,
    VideoCommand,
)
from vidgan.config.train import TrainConfig
from vidgan.errors import OptionError

# In the order in which a clip suffers them; registry of vidgan/degradations/degradation_model.py.
DAMAGES = ("blur", "resize", "dark", "shot", "noise", "jpeg", "video")
_BOUNDS = {
    "blur": (0, 20),
    "resize": (0.1, 4),
    "dark": (1, 100),
    "shot": (0, 255),
    "noise": (0, 255),
    "jpeg": (1, 100),
    "video": (0, 51),
}


DEFAULT_CROP = 64
# Of enhance, whose network works on a coarse grid: a step costs what the grid's cells do.
CROP_CELLS, MIN_CROP = 16, 32


@dataclass(frozen=True)
class CropConfig(Config):
    """What all tasks share that turn clips into clips: they learn from parts of frames."""

    crop: int | None = option(
        None,
        "Tasks but synthesis: side in pixels of the square that is cut out of frames to learn "
        f"from; smaller frames are taken whole.  [default: {DEFAULT_CROP}; of enhance 16 times "
        "--scale, 32 at least]",
        min=16,
        max=512,
    )

    @property
    def side(self) -> int:
        """The crop, or what is taken where none is given."""
        return DEFAULT_CROP if self.crop is None else self.crop


# Registry: OPTIMIZERS of vidgan/tasks/build.py.
OPTIMIZERS = ("adam", "muon")


@dataclass(frozen=True)
class RestoringConfig(CropConfig):
    """What tasks share that have an original to compare with: their losses and optimizer."""

    adversarial: float = option(
        0.0, "enhance, inpaint: weight of the adversarial loss; 0 is off.", min=0, max=100
    )
    perceptual: float = option(
        0.0,
        "enhance, inpaint: weight of the loss on looks, a perceptual distance; 0 is off.",
        min=0,
        max=100,
    )
    temporal: float = option(
        0.0,
        "enhance, inpaint: weight of the loss on how frames change into the next ones; 0 is off.",
        min=0,
        max=100,
    )
    optimizer: str = option(
        "adam",
        "enhance, inpaint: what the network learns by; inpaint has muon unless told otherwise.",
        choices=OPTIMIZERS,
    )


@dataclass(frozen=True)
class EnhanceConfig(RestoringConfig):
    """How clips are damaged, and the network that learns to undo it.

    A strength is a number, or a range such as ``0..25`` from which every clip draws.
    """

    scale: int = option(4, "enhance: factor of enlargement, 1 to 4.", min=1, max=4)
    damage: str = option(
        ",".join(DAMAGES),
        f"enhance: what clips suffer beside being made smaller: any of {', '.join(DAMAGES)}, "
        "joined by commas, or none. One alone always; several at random, twice in a row.",
    )
    blur: str = option("0..2", "enhance: sigma of the blur, in pixels of the original.")
    resize: str = option(
        "0.5..1.5",
        "enhance: factor of the sides on the way to their size, each time with another kernel.",
    )
    dark: str = option("2..8", "enhance: how many times less light falls in, with its noise.")
    shot: str = option("0..15", "enhance: sigma of Poisson noise at white, in levels of 255.")
    noise: str = option("0..25", "enhance: sigma of Gaussian noise, in levels of 255.")
    jpeg: str = option("30..95", "enhance: quality of JPEG, 1 to 100.")
    video: str = option("18..38", "enhance: rate factor (CRF) of H.264, 0 to 51; more is worse.")
    blocks: int = option(6, "enhance: residual blocks of the network.", min=1, max=64)

    def __post_init__(self) -> None:
        super().__post_init__()
        names = option_names(type(self))
        for kind in DAMAGES:
            parse_range(names[kind], getattr(self, kind), *_BOUNDS[kind])
        unknown = [kind for kind in self.damages if kind not in DAMAGES]
        if unknown:
            raise OptionError(f"--damage {unknown[0]!r} is none of {', '.join(DAMAGES)}, none")

    @property
    def side(self) -> int:
        """The crop, or what is taken where none is given."""
        return max(MIN_CROP, CROP_CELLS * self.scale) if self.crop is None else self.crop

    @property
    def damages(self) -> tuple[str, ...]:
        """The kinds of damage, in the order in which they are done."""
        if self.damage == "none":
            return ()
        named = [kind.strip() for kind in self.damage.split(",")]
        return (*(k for k in DAMAGES if k in named), *(k for k in named if k not in DAMAGES))

    def strength(self, kind: str) -> tuple[float, float]:
        """Return the least and the greatest strength of a kind of damage."""
        return parse_range(option_names(type(self))[kind], getattr(self, kind), *_BOUNDS[kind])


# Registry: kinds of vidgan/degradations/masks.py.
MASKS = ("free-form", "box", "object", "text", "scratches")


@dataclass(frozen=True)
class InpaintConfig(RestoringConfig):
    """What hides parts of clips from the network that learns to fill them in."""

    masks: str = option(
        ",".join(MASKS),
        f"inpaint: what hides parts of clips, one of these at random: any of {', '.join(MASKS)}, "
        "joined by commas.",
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
class TranslateConfig(CropConfig):
    """What two generators between two domains learn beside looking like clips of the other."""

    cycle: float = option(
        10.0,
        "translate: weight of coming back, from one domain to the other and back again, as one "
        "was; 0 is off.",
        min=0,
        max=1000,
    )
    identity: float = option(
        0.0,
        "translate: weight of leaving clips alone that are of the other domain already, which "
        "keeps colours; 0 is off.",
        min=0,
        max=1000,
    )


# Fields of ModelConfig and TrainConfig that mean something to tasks that turn clips into clips.
_CLIP_TO_CLIP = frozenset(
    {
        "frames",
        "g_channels",
        "d_channels",
        "epochs",
        "steps",
        "minutes",
        "batch_size",
        "stride",
        "mirror",
        "loss",
        "g_lr",
        "d_lr",
        "schedule",
        "warmup",
        "beta_1",
        "beta_2",
        "r1",
        "r2",
        "penalty_every",
        "ema",
        "precision",
        "device",
        "seed",
        "snapshot_minutes",
        "keep",
        "log_every",
        "metric_every",
        "metric_share",
        "patience",
        "tensorboard",
    }
)
_ALL = frozenset(each.name for config in (ModelConfig, TrainConfig) for each in fields(config))


@dataclass(frozen=True)
class TaskOptions:
    """What the options of a task are.

    Attributes:
        summary: what it learns, a few words.
        command: the command that its runs are for.
        example: that command, as one would go on after training.
        measured: the command that measures what it makes.
        config: the options that it adds to ``vidgan train``; None for none.
        honours: fields of ``ModelConfig`` and ``TrainConfig`` that mean something to it.
        defaults: fields of all three whose defaults are the task's own.
        datasets: how many datasets it learns from.
        video: the command that applies its runs to videos; None for tasks that have no such
            command.
    """

    summary: str
    command: str
    example: str
    measured: str
    config: type[Config] | None = None
    honours: frozenset[str] = _CLIP_TO_CLIP
    defaults: Mapping[str, Any] = field(default_factory=dict)
    datasets: int = 1
    video: VideoCommand | None = None

    @property
    def known(self) -> frozenset[str]:
        """All fields that mean something to it."""
        return self.honours | self.own

    @property
    def own(self) -> frozenset[str]:
        """The fields of :attr:`config`."""
        return frozenset(each.name for each in fields(self.config)) if self.config else frozenset()


TASK_OPTIONS: Mapping[str, TaskOptions] = {
    "synthesis": TaskOptions(
        "make new clips",
        command="vidgan generate",
        example="vidgan generate -o out.mp4",
        measured="vidgan evaluate RUN",
        honours=_ALL,
    ),
    "enhance": TaskOptions(
        "undo damage: enlarge, sharpen, take noise away, brighten",
        command="vidgan enhance",
        example="vidgan enhance input.mp4 -o output.mp4",
        measured="vidgan evaluate --paired --real ORIGINALS --fake RESTORED",
        config=EnhanceConfig,
        defaults={
            "frames": 8,
            "g_channels": 32,
            "d_channels": 8,
            "batch_size": 4,
            "g_lr": 1e-3,
            "beta_1": 0.9,
            "schedule": "cosine",
        },
        video=ENHANCE_COMMAND,
    ),
    "inpaint": TaskOptions(
        "fill what a mask hides",
        command="vidgan inpaint",
        example="vidgan inpaint input.mp4 --mask mask.png -o output.mp4",
        measured="vidgan evaluate --paired --real ORIGINALS --fake RESTORED",
        config=InpaintConfig,
        defaults={
            "frames": 16,
            "g_channels": 16,
            "d_channels": 16,
            "batch_size": 2,
            "g_lr": 3e-3,
            "beta_1": 0.9,
            "schedule": "cosine",
            "optimizer": "muon",
        },
        video=INPAINT_COMMAND,
    ),
    "translate": TaskOptions(
        "turn clips of one kind into another and back, learnt without pairs",
        command="vidgan translate",
        example="vidgan translate input.mp4 -o output.mp4 --direction a2b",
        measured="vidgan evaluate --real TARGETS --fake TRANSLATED",
        config=TranslateConfig,
        honours=_CLIP_TO_CLIP | {"augment"},
        defaults={"frames": 8, "g_channels": 16, "d_channels": 16, "d_lr": 8e-4, "r1": 0.1},
        datasets=2,
        video=TRANSLATE_COMMAND,
    ),
}
TASKS = tuple(TASK_OPTIONS)
DEFAULT_TASK = TASKS[0]


def refuse_other_tasks_options(task: str, options: Mapping[str, Any]) -> None:
    """See that options mean something to a task.

    Args:
        task: its name.
        options: those given, by the names of their fields; names that no task knows pass.

    Raises:
        OptionError: one does not.
    """
    spec = TASK_OPTIONS[task]
    for name in options:
        able = [
            each for each in TASKS if name in TASK_OPTIONS[each].honours | TASK_OPTIONS[each].own
        ]
        if able and name not in spec.honours | spec.own:
            flag = _FLAGS[name]
            raise OptionError(
                f"{flag} has no meaning for --task {task}; leave it out (it goes with --task "
                f"{', '.join(able)})"
            )


_FLAGS = {
    name: flag
    for config in (ModelConfig, TrainConfig, *(s.config for s in TASK_OPTIONS.values() if s.config))
    for name, flag in option_names(config).items()
}
