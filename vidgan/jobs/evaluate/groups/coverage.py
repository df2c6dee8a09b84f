"""Precision, recall, density and coverage (arXiv 1904.06991, 2002.09797)."""

import numpy as np

from vidgan import metrics
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.result import MetricResult

# Name, title and the attribute of ``Neighbourhoods`` whose mean the metric is.
_METRICS = (
    ("precision", "generated clips that look real", "precise"),
    ("recall", "real clips that could be generated", "recalled"),
    ("density", "real clips around generated ones", "dense"),
    ("coverage", "real clips with a generated one nearby", "covered"),
)


def coverage(inputs: MetricInputs) -> list[MetricResult]:
    """Return precision, recall, density and coverage."""
    reference, floor, generated = inputs.features(inputs.clip_features)
    found = metrics.neighbourhoods(reference.vectors, generated.vectors)
    of_floor = metrics.neighbourhoods(reference.vectors, floor.vectors)
    results = []
    for name, title, attribute in _METRICS:
        values = getattr(found, attribute)
        results.append(
            MetricResult(
                f"{name}.{inputs.clip_features.name}",
                f"{name}: {title}",
                "coverage",
                *(inputs.fraction(values) if values.dtype == bool else inputs.mean(values)),
                float(np.mean(getattr(of_floor, attribute))),
                "higher",
                protocol={
                    "features": inputs.clip_features.name,
                    "neighbours": found.k,
                    "clips": [len(reference.vectors), len(generated.vectors)],
                },
            )
        )
    return results
