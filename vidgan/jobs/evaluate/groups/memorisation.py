"""Memorisation: generated clips that are nearer to training clips than held-out clips are."""

from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.result import MetricResult


def memorisation(inputs: MetricInputs) -> list[MetricResult]:
    """Return the fraction of generated clips that are suspiciously near to training clips."""
    return [
        MetricResult(
            f"memorisation.{space}",
            f"as near to training clips as {found.expected:.0%} of real ones, by {space}",
            "memorisation",
            found.fraction.value,
            found.fraction.low,
            found.fraction.high,
            found.expected,
            "lower",
            protocol={
                "clips": len(found.order),
                "verdict": found.verdict,
                "p_value": found.p_value,
                "border": found.border,
                "copies": found.copies,
            },
        )
        for space, found in (inputs.memorisation or {}).items()
    ]
