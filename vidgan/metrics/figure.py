"""A measured number with all that makes it worth something."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured number.

    Attributes:
        key: what it is called in JSON, as ``frechet.random3d``.
        title: what it is called in tables.
        group: one of ``vidgan.config.MEASURES``, or ``speed``.
        value: None where it could not be measured; the note says why.
        low: lower end of the confidence interval, None without.
        high: upper end.
        floor: the same figure of real clips against real clips: what a perfect generator gets.
        better: ``lower``, ``higher`` or None.
        unit: of the value, where it has one.
        protocol: what decides about the value: features, estimator, numbers of clips.
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
