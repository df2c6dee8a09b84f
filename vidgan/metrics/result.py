"""The result of one metric, with its interval, its floor and what it depends on."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class MetricResult:
    """The result of one metric.

    Attributes:
        key: name in JSON, such as ``frechet.random3d``.
        title: name in tables.
        group: name of its group in ``vidgan.config.METRIC_GROUPS``.
        value: None where it could not be computed; the note says why.
        low: lower end of the confidence interval, None without one.
        high: upper end.
        floor: the same metric between two sets of real clips: what a perfect generator would get.
        better: ``lower``, ``higher`` or None.
        unit: unit of the value, if it has one.
        protocol: what the value depends on: features, estimator, numbers of clips.
        note: what else a reader must know.
    """

    key: str
    title: str
    group: str
    value: float | None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    better: str | None = None
    unit: str | None = None
    protocol: dict[str, Any] = field(default_factory=dict)
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; numbers that are not finite become None."""
        values = dataclasses.asdict(self)
        for name in ("value", "low", "high", "floor"):
            number = values[name]
            values[name] = float(number) if number is not None and math.isfinite(number) else None
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the result that :meth:`to_json` gave.

        Raises:
            KeyError: a key is missing.
        """
        return cls(**{each.name: values[each.name] for each in dataclasses.fields(cls)})
