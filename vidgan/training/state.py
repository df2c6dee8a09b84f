"""A checkpoint's ``state.json``: the progress of training and the last measurement.

Each checkpoint holds the last measurement before it, so that both are consistent whenever a
training is killed.
"""

import contextlib
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from vidgan import json_files
from vidgan.config import METRICS
from vidgan.errors import RunError
from vidgan.json_files import Amount, Count, Number, Text

STATE_NAME = "state.json"
STATE_KEYS = ("step", "clips", "epoch", "seconds")
T = TypeVar("T")

# Number of standard errors of a significant improvement: one-sided 5 % level.
SIGNIFICANT = 1.645


def distance_column(name: str) -> str:
    """Return the column of a distance in ``log.csv``."""
    return f"{name}_distance"


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

    step: Count
    metric: Text
    protocol: Text
    value: Number
    mark: Number
    noise: Number = 0.0
    waited: Count = 0
    rising: bool = False  # Earlier versions measured distances only.

    @property
    def cost(self) -> float:
        """The value, or its negative if higher is better."""
        return -self.value if self.rising else self.value

    @property
    def column(self) -> str:
        """The column of the metric in ``log.csv``."""
        return self.metric if self.metric not in METRICS else distance_column(self.metric)

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
        return json_files.convert(values, cls)


class _File(msgspec.Struct):
    """What ``state.json`` holds."""

    step: Count
    clips: Count
    epoch: Amount
    seconds: Amount
    measurement: Measurement | None = None
    sha256: dict[Text, Text] = {}


def read_run_file(path: Path, schema: type[T], consequence: str = "the run cannot be opened") -> T:
    """Read a JSON file of a run.

    Args:
        path: the file.
        schema: the class that it is converted to.
        consequence: what follows from damage, for the message.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        return json_files.convert(json_files.read(path, infinity=True), schema)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RunError(f"{path}: not what vidgan train writes ({error}); {consequence}") from None


def read_state(checkpoint: Path) -> dict[str, Any]:
    """Return the values of :data:`STATE_KEYS` of a checkpoint folder.

    Raises:
        RunError: the file is missing or damaged.
    """
    file = _read(checkpoint)
    return {key: getattr(file, key) for key in STATE_KEYS}


def read_measurement(checkpoint: Path) -> Measurement | None:
    """Return the last measurement before a checkpoint, None if there was none.

    Raises:
        RunError: the file is missing or damaged.
    """
    return _read(checkpoint).measurement


def read_hashes(checkpoint: Path) -> dict[str, str]:
    """Return the SHA-256 of the files of a checkpoint by name; earlier versions kept none.

    Raises:
        RunError: the file is missing or damaged.
    """
    return _read(checkpoint).sha256


def _read(checkpoint: Path) -> _File:
    return read_run_file(checkpoint / STATE_NAME, _File, "the checkpoint is damaged")


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
            file = _read(path)
            if file.measurement is not None and file.measurement.step == file.step:
                measured[path] = file.measurement
    if not measured:
        return None
    *_, newest = measured.values()
    comparable = [path for path, found in measured.items() if found.comparable(newest)]
    return min(comparable, key=lambda path: measured[path].cost)
