"""Options of ``vidgan generate`` that begin with real clips."""

from dataclasses import dataclass
from typing import Any

from vidgan.config.base import Config, option, option_names
from vidgan.config.groups import Group
from vidgan.config.shared import parse_seconds
from vidgan.errors import OptionError

# Each of these options is a job of its own; the options of GenerateConfig that mean nothing for it.
_WITHOUT_EFFECT = {
    "from_": ("interpolate", "sweep"),
    "between": (
        *("interpolate", "sweep", "same_content", "same_motion", "seeds", "seed", "trunc"),
    ),
    "continue_": ("interpolate", "sweep", "same_content", "same_motion"),
}


@dataclass(frozen=True)
class FromClipsConfig(Config):
    """Options for real clips to begin with."""

    from_: str | None = option(
        None,
        "Generate variations of this video (a file or a folder of numbered images), or of its "
        "beginning. The first clip is its reconstruction; --trunc is the strength of the others.",
        name="from",
        group=Group.INPUT,
        common=True,
    )
    between: tuple[str, str] | None = option(
        None,
        "Generate clips that lead from the reconstruction of one video to that of another, both "
        "included.",
        group=Group.INPUT,
        common=True,
    )
    continue_: str | None = option(
        None,
        "Continue this video where it ends, by --frames new frames.",
        name="continue",
        group=Group.INPUT,
        common=True,
    )
    start: str | None = option(
        None,
        "Begin here in the video, in seconds or h:mm:ss; for --between two times, joined by a "
        "comma.",
        default_text="its beginning",
        group=Group.INPUT,
    )

    @property
    def clip_option(self) -> str | None:
        """The field of the option that names a video; None for clips from seeds alone."""
        return next(iter(self._clip_options), None)

    @property
    def _clip_options(self) -> list[str]:
        return [name for name in _WITHOUT_EFFECT if getattr(self, name) is not None]

    @property
    def starts(self) -> tuple[float, float]:
        """Where the first and the second video begin, in seconds."""
        parts = [] if self.start is None else self.start.split(",")
        if len(parts) > (2 if self.between is not None else 1):
            raise OptionError(f"--start {self.start!r}: more times than videos")
        times = [parse_seconds("--start", part) for part in parts] or [0.0]
        return times[0], times[-1]

    def _check_clip_options(self) -> None:
        """Raise OptionError for options that contradict each other."""
        flags: dict[str, str] = option_names(type(self))
        given = self._clip_options
        if len(given) > 1:
            raise OptionError(
                f"{flags[given[0]]} and {flags[given[1]]} exclude each other; use one of them"
            )
        if not given:
            if self.start is not None:
                raise OptionError("--start needs --from, --between or --continue")
            return
        defaults: Any = type(self)
        for name in _WITHOUT_EFFECT[given[0]]:
            if getattr(self, name) != getattr(defaults, name):
                raise OptionError(
                    f"{flags[name]} does not go with {flags[given[0]]}; leave one of them out"
                )
        _ = self.starts
