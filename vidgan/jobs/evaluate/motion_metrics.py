"""How generated clips move, figure by figure."""

from typing import Any, TypeVar

import numpy as np

from vidgan import metrics
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.figure import Figure
from vidgan.metrics.motion import DIRECTIONS, SPEED_STEP, SPEEDS, histogram

Value = TypeVar("Value")
# Of the shares in the report; one pixel of a hundred million is more.
_DECIMALS = 9


def motion(case: MetricInputs) -> list[Figure]:
    """Return how generated clips move against how real ones do."""
    reference, floor, generated = (
        _present(each.motion) for each in (case.reference, case.floor, case.generated)
    )
    warping = [_present(each.warping) for each in (case.floor, case.generated)]
    protocol = {"flow": "DIS", "clips": [case.reference.count, case.generated.count]}
    common: dict[str, Any] = {"better": "lower", "protocol": protocol}
    figures = [
        Figure(
            f"motion.{name}",
            f"distance of {name}s",
            "motion",
            *_distance(case, function, getattr(generated, name), getattr(reference, name)),
            function(getattr(floor, name), getattr(reference, name)),
            unit=unit,
            **common,
        )
        for name, function, unit in (
            ("speed", metrics.speed_distance, "pixels a frame"),
            ("direction", metrics.direction_distance, "degrees"),
        )
    ]
    figures += [
        Figure(
            f"motion.{name}",
            f"clips that {does}",
            "motion",
            *case.share(getattr(generated, name)),
            float(np.mean(getattr(floor, name))),
            **common,
        )
        for name, does in (("frozen", "stand still"), ("looping", "repeat themselves"))
    ]
    figures += [
        Figure(
            f"motion.{key}",
            title,
            "motion",
            *case.mean(getattr(made, name)),
            float(np.mean(getattr(real, name))),
            unit=unit,
            protocol=protocol | {"clips": len(getattr(made, name))},
        )
        for key, title, made, real, name, unit in (
            ("flicker", "flicker", generated, floor, "flicker", "grey levels"),
            (
                "warping",
                "warping error, what no motion explains",
                warping[1],
                warping[0],
                "error",
                None,
            ),
        )
    ]
    return figures


def histograms(case: MetricInputs) -> dict[str, dict[str, Any]]:
    """Return what the distances of speeds and of directions are taken between, for the report.

    Each has the key of its distance. Bin i begins at i × ``step``, in units of ``unit``; of speeds
    empty bins at the end are left out. ``real`` and ``generated`` hold shares, of pixels by speed
    and of motion by direction, whose sum is 1, or 0 where nothing moves.
    """
    if case.generated.motion is None:
        return {}
    sets = {"real": _present(case.reference.motion), "generated": case.generated.motion}
    speeds = {name: histogram(each.speed, SPEEDS) for name, each in sets.items()}
    directions = {name: histogram(each.direction, DIRECTIONS) for name, each in sets.items()}
    used = 1 + max(int(np.flatnonzero(each)[-1]) for each in speeds.values())
    return {
        "motion.speed": {"unit": "pixels a frame", "step": SPEED_STEP}
        | {name: each[:used].round(_DECIMALS).tolist() for name, each in speeds.items()},
        "motion.direction": {"unit": "degrees", "step": 360 / DIRECTIONS}
        | {name: each.round(_DECIMALS).tolist() for name, each in directions.items()},
    }


def _distance(
    case: MetricInputs, function: Any, generated: np.ndarray, reference: np.ndarray
) -> tuple[float | None, float | None, float | None]:
    """Return a distance and its interval; nothing where nothing moves in one of the sets."""
    if function(generated, reference) is None:
        return None, None, None
    # Where all clips that move are left out by chance, direction has no distance.
    return case.of_sets(lambda *drawn: function(*drawn) or 0.0, generated, reference)


def _present(value: Value | None) -> Value:
    """Return what was gathered because it was asked for."""
    assert value is not None, "asked for"
    return value
