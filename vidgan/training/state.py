"""A checkpoint's ``state.json``: how far training had come, and what was measured of it.

Each checkpoint keeps the last measurement up to it, so that checkpoints and what is known of them
cannot come apart, whenever a training is killed.
"""

import contextlib
import dataclasses
import json
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from vidgan.errors import RunError

STATE_NAME = "state.json"
STATE_KEYS = ("step", "clips", "epoch", "seconds")


# A gain that is this many standard errors large is chance once in twenty times.
SURE = 1.645


@dataclass(frozen=True)
class Measurement:
    """A figure of merit at one step of a training.

    Attributes:
        step: training steps taken by then.
        metric: the figure's name: a distance of :data:`vidgan.training.distances.METRICS`, or what
            the task measures.
        protocol: what was compared with what. Figures of two protocols say nothing of each other.
        value: the figure.
        mark: the figure that a later one has to gain on: the last that was itself such a gain.
        noise: the standard error of ``value - mark``, 0 where this is the mark.
        waited: measurements in a row, this one the last, without a gain that is more than chance.
        rising: whether higher is better; lower is, of a distance.
    """

    step: int
    metric: str
    protocol: str
    value: float
    mark: float
    noise: float = 0.0
    waited: int = 0
    rising: bool = False

    @property
    def cost(self) -> float:
        """The value, or its negative: lower is better."""
        return -self.value if self.rising else self.value

    @property
    def figure(self) -> str:
        """The value for reading."""
        return f"{self.value:.4g}" if self.rising else f"{self.value:.3g}"

    @property
    def text(self) -> str:
        """What was measured, for reading."""
        return f"{self.metric}{'' if self.rising else ' distance'} {self.figure}"

    def after(self, last: "Measurement | None", noise: float) -> "Measurement":
        """Return this measurement as one that follows another.

        Args:
            last: the one before; None where there was none.
            noise: the standard error of the difference from its mark.
        """
        if last is None or not self.comparable(last):
            return self
        gain = self.value - last.mark if self.rising else last.mark - self.value
        if gain > SURE * noise:
            return self
        return dataclasses.replace(self, mark=last.mark, noise=noise, waited=last.waited + 1)

    def comparable(self, other: "Measurement") -> bool:
        """Say whether the two figures may be set against each other."""
        return (self.metric, self.protocol) == (other.metric, other.protocol)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Read :meth:`to_json`'s values.

        Raises:
            ValueError: they are something else.
        """
        if not isinstance(values, dict):
            raise ValueError(f"{values!r:.60} is no measurement")
        kinds = typing.get_type_hints(cls)
        values = {"rising": False} | values  # An earlier vidgan measured distances only.
        for name, kind in kinds.items():
            value = values.get(name)
            # NaN is not itself.
            if not isinstance(value, (int, float) if kind is float else kind) or value != value:
                raise ValueError(f"{name!r} of a measurement is missing or damaged")
        return cls(**{name: values[name] for name in kinds})


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a run.

    Raises:
        RunError: it is not there, or something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RunError(f"{path}: not valid JSON ({error}); the run cannot be opened") from None
    if not isinstance(values, dict):
        raise RunError(f"{path}: not what vidgan train writes; the run cannot be opened")
    return values


def read_state(checkpoint: Path) -> dict[str, Any]:
    """Return the values of :data:`STATE_KEYS` of a checkpoint folder.

    Raises:
        RunError: the file is missing or damaged.
    """
    path = checkpoint / STATE_NAME
    values = read_json(path)
    for key in STATE_KEYS:
        if not isinstance(values.get(key), (int, float)):
            raise RunError(f"{path}: {key!r} is missing; the checkpoint is damaged")
    return {key: values[key] for key in STATE_KEYS}


def read_measurement(checkpoint: Path) -> Measurement | None:
    """Return the last measurement up to a checkpoint, None where there was none.

    Raises:
        RunError: the file is missing or damaged.
    """
    path = checkpoint / STATE_NAME
    values = read_json(path).get("measurement")
    try:
        return None if values is None else Measurement.from_json(values)
    except ValueError as error:
        raise RunError(f"{path}: {error}; the checkpoint is damaged") from None


def best(checkpoints: Iterable[Path]) -> Path | None:
    """Return the checkpoint with the best figure, the earliest of several.

    Only those count that were measured themselves, at their own step, and whose figures are
    comparable with the newest one's.

    Args:
        checkpoints: folders, oldest first.

    Returns:
        None where none was measured.
    """
    measured = {}
    for path in checkpoints:
        # A checkpoint that is damaged, or was half removed by a kill, is none.
        with contextlib.suppress(RunError):
            found = read_measurement(path)
            if found is not None and found.step == read_state(path)["step"]:
                measured[path] = found
    if not measured:
        return None
    *_, newest = measured.values()
    comparable = [path for path, found in measured.items() if found.comparable(newest)]
    return min(comparable, key=lambda path: measured[path].cost)
