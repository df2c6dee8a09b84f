"""The result of one metric, with its interval, its floor and what it depends on."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from vidgan.json_files import Number, Text


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

    key: Text
    title: Text
    group: Text
    value: Number | None
    low: Number | None = None
    high: Number | None = None
    floor: Number | None = None
    better: Text | None = None
    unit: Text | None = None
    protocol: dict[str, Any] = field(default_factory=dict)
    note: Text | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; numbers that are not finite become None."""
        values = dataclasses.asdict(self)
        for name in ("value", "low", "high", "floor"):
            number = values[name]
            values[name] = float(number) if number is not None and math.isfinite(number) else None
        return values
