"""Diversity: how much generated clips differ from each other."""

from vidgan import metrics
from vidgan.errors import InputError
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.result import MetricResult


def diversity(inputs: MetricInputs) -> list[MetricResult]:
    """Return the mean distance between generated clips and the fraction of duplicates.

    Raises:
        InputError: all real clips have the same features.
    """
    _, floor, generated = inputs.features(inputs.clip_features)
    found, of_floor = (metrics.measure_diversity(each.vectors) for each in (generated, floor))
    if of_floor.spread == 0:
        raise InputError("the real clips all have the same features: nothing to compare with")
    protocol = {"features": inputs.clip_features.name, "clips": [len(generated.vectors)]}
    return [
        MetricResult(
            "diversity",
            "mean distance between clips, relative to real clips",
            "diversity",
            *inputs.mean(found.to_others / of_floor.spread),
            1.0,
            "higher",
            protocol=protocol,
        ),
        MetricResult(
            "repeated",
            "duplicate clips",
            "diversity",
            *inputs.fraction(found.to_nearest == 0),
            of_floor.repeated,
            "lower",
            protocol=protocol,
        ),
    ]
