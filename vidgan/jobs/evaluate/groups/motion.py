"""How generated clips move: speeds, directions, frozen and looping clips, flicker and warping."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from vidgan import metrics
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.jobs.evaluate.report.report import Histogram
from vidgan.metrics.motion import DIRECTIONS, SPEED_STEP, SPEEDS, histogram
from vidgan.metrics.result import MetricResult

Statistics = TypeVar("Statistics")
# Decimals of histograms in the report: enough for one pixel in a hundred million.
_DECIMALS = 9


def motion(inputs: MetricInputs) -> list[MetricResult]:
    """Return how generated clips move, compared with real clips."""
    return [*_distances(inputs), *_fractions(inputs), *_means(inputs)]


def motion_histograms(inputs: MetricInputs) -> dict[str, Histogram]:
    """Return the histograms that the motion distances are computed from, by the distance's key.

    Empty bins of the highest speeds are left out.
    """
    if inputs.generated.motion is None:
        return {}
    sets = {"real": _collected(inputs.reference.motion), "generated": inputs.generated.motion}
    speeds = {name: histogram(each.speed, SPEEDS) for name, each in sets.items()}
    directions = {name: histogram(each.direction, DIRECTIONS) for name, each in sets.items()}
    used = 1 + max(int(np.flatnonzero(each)[-1]) for each in speeds.values())
    rounded_speeds, rounded_directions = (
        {name: each.round(_DECIMALS).tolist() for name, each in histograms.items()}
        for histograms in ({name: each[:used] for name, each in speeds.items()}, directions)
    )
    return {
        "motion.speed": Histogram("pixels a frame", SPEED_STEP, **rounded_speeds),
        "motion.direction": Histogram("degrees", 360 / DIRECTIONS, **rounded_directions),
    }


def _protocol(inputs: MetricInputs) -> dict[str, object]:
    return {"flow": "DIS", "clips": [inputs.reference.count, inputs.generated.count]}


def _distances(inputs: MetricInputs) -> list[MetricResult]:
    reference, floor, generated = (_collected(each.motion) for each in inputs.sets)
    return [
        MetricResult(
            f"motion.{name}",
            f"distance of {name}s",
            "motion",
            *_distance(inputs, distance, getattr(generated, name), getattr(reference, name)),
            distance(getattr(floor, name), getattr(reference, name)),
            "lower",
            unit,
            _protocol(inputs),
        )
        for name, distance, unit in (
            ("speed", metrics.speed_distance, "pixels a frame"),
            ("direction", metrics.direction_distance, "degrees"),
        )
    ]


def _fractions(inputs: MetricInputs) -> list[MetricResult]:
    _, floor, generated = (_collected(each.motion) for each in inputs.sets)
    return [
        MetricResult(
            f"motion.{name}",
            title,
            "motion",
            *inputs.fraction(getattr(generated, name)),
            float(np.mean(getattr(floor, name))),
            "lower",
            protocol=_protocol(inputs),
        )
        for name, title in (("frozen", "frozen clips"), ("looping", "looping clips"))
    ]


def _means(inputs: MetricInputs) -> list[MetricResult]:
    sets = inputs.generated, inputs.floor
    flicker = [_collected(each.motion).flicker for each in sets]
    warping = [_collected(each.warping).error for each in sets]
    return [
        MetricResult(
            f"motion.{name}",
            title,
            "motion",
            *inputs.mean(generated),
            float(np.mean(floor)),
            unit=unit,
            protocol=_protocol(inputs) | {"clips": len(generated)},
        )
        for name, title, (generated, floor), unit in (
            ("flicker", "flicker", flicker, "grey levels"),
            ("warping", "warping error, changes that motion does not explain", warping, None),
        )
    ]


def _distance(
    inputs: MetricInputs,
    distance: Callable[[np.ndarray, np.ndarray], float | None],
    generated: np.ndarray,
    reference: np.ndarray,
) -> tuple[float | None, float | None, float | None]:
    """Return a distance and its interval; None where nothing moves in one of the sets."""
    if distance(generated, reference) is None:
        return None, None, None
    # A resample may hold no clip that moves: direction has no distance then.
    return inputs.statistic(lambda *resampled: distance(*resampled) or 0.0, generated, reference)


def _collected(value: Statistics | None) -> Statistics:
    """Return statistics that were collected because the group needs them."""
    assert value is not None, "needed, so collected"
    return value
