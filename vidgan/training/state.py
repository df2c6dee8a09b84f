"""A checkpoint's ``state.json``: the progress of training and the last measurement.

Each checkpoint holds the last measurement before it, so that both are consistent whenever a
training is killed.
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


# Number of standard errors of a significant improvement: one-sided 5 % level.
SIGNIFICANT = 1.645


@dataclass(frozen=True)
class Measurement:
    """The value of a metric at one step of a training.

    Attributes:
        step: the training step.
        metric: name of the metric: one of :data:`vidgan.training.distance_metrics.METRICS`, or one
            of the task.
        protocol: description of the clips that were compared. Values of different protocols are not
            comparable.
        value: the value.
        mark: the reference for improvements: the last value that was itself a significant one.
        noise: the standard error of ``value - mark``, 0 if this is the mark.
        waited: number of consecutive measurements, including this one, without a significant
            improvement.
        rising: whether higher is better, unlike for a distance.
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
        """The value, or its negative if higher is better."""
        return -self.value if self.rising else self.value

    @property
    def figure(self) -> str:
        """The value as text."""
        return f"{self.value:.4g}" if self.rising else f"{self.value:.3g}"

    @property
    def text(self) -> str:
        """Metric and value as text."""
        return f"{self.metric}{'' if self.rising else ' distance'} {self.figure}"

    def after(self, last: "Measurement | None", noise: float) -> "Measurement":
        """Return this measurement with ``mark``, ``noise`` and ``waited`` from its predecessor.

        Args:
            last: the previous measurement, if any.
            noise: the standard error of the difference from its mark.
        """
        if last is None or not self.comparable(last):
            return self
        gain = self.value - last.mark if self.rising else last.mark - self.value
        if gain > SIGNIFICANT * noise:
            return self
        return dataclasses.replace(self, mark=last.mark, noise=noise, waited=last.waited + 1)

    def comparable(self, other: "Measurement") -> bool:
        """Return whether two values can be compared."""
        return (self.metric, self.protocol) == (other.metric, other.protocol)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Read :meth:`to_json`'s values.

        Raises:
            ValueError: the values are not a measurement.
        """
        if not isinstance(values, dict):
            raise ValueError(f"{values!r:.60} is no measurement")
        kinds = typing.get_type_hints(cls)
        values = {"rising": False} | values  # Earlier versions measured distances only.
        for name, kind in kinds.items():
            value = values.get(name)
            # NaN is not equal to itself.
            if not isinstance(value, (int, float) if kind is float else kind) or value != value:
                raise ValueError(f"{name!r} of a measurement is missing or damaged")
        return cls(**{name: values[name] for name in kinds})


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a run.

    Raises:
        RunError: the file is missing or not a JSON object.
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
    """Return the last measurement before a checkpoint, None if there was none.

    Raises:
        RunError: the file is missing or damaged.
    """
    path = checkpoint / STATE_NAME
    values = read_json(path).get("measurement")
    try:
        return None if values is None else Measurement.from_json(values)
    except ValueError as error:
        raise RunError(f"{path}: {error}; the checkpoint is damaged") from None


def best_checkpoint(checkpoints: Iterable[Path]) -> Path | None:
    """Return the checkpoint with the best measurement, the earliest of several.

    Only checkpoints that were measured at their own step count, with values that are comparable
    with the newest one.

    Args:
        checkpoints: folders, oldest first.

    Returns:
        The folder, None if no checkpoint was measured.
    """
    measured = {}
    for path in checkpoints:
        # Damaged and partially removed checkpoints do not count.
        with contextlib.suppress(RunError):
            found = read_measurement(path)
            if found is not None and found.step == read_state(path)["step"]:
                measured[path] = found
    if not measured:
        return None
    *_, newest = measured.values()
    comparable = [path for path, found in measured.items() if found.comparable(newest)]
    return min(comparable, key=lambda path: measured[path].cost)
