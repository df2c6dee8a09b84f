"""From what was gathered of real and generated clips to figures, group by group.

Each function of ``MEASURES`` takes :class:`MetricInputs` and returns figures with their intervals
and floors: the same metric of real clips against as many other real clips.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from vidgan import metrics
from vidgan.errors import InputError
from vidgan.jobs.evaluate.discriminator_metrics import discriminator, labels
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.jobs.evaluate.motion_metrics import motion
from vidgan.metrics.covariance import KERNEL
from vidgan.metrics.features import Features
from vidgan.metrics.figure import Figure


def _distances(case: MetricInputs, features: Features, group: str) -> list[Figure]:
    reference, floor, generated = case.of(features)
    counts = [reference.moments.count, generated.moments.count]
    choice = metrics.choose_estimator(counts[0], counts[1], features.dim)
    # Frames of a clip are much alike: intervals are of clips that are drawn again.
    per_clip = case.reference.shown.shape[1] if features.unit == "frame" else 1
    protocol = {"features": features.name, "dimensions": features.dim}
    unit = "pictures" if features.unit == "frame" else "clips"
    common: dict[str, Any] = {"group": group, "better": "lower"}
    replicates, seed = case.config.bootstrap, case.config.seed
    real, fake = reference.vectors, generated.vectors
    kept = min(len(real), len(fake)), min(counts)
    figures = []
    name, short = features.distance.removesuffix(")").split(" (")
    if choice.estimator == KERNEL:
        figures.append(
            Figure(f"frechet.{features.name}", name, value=None, note=choice.reason, **common)
        )
    else:
        estimator = choice.estimator
        value = metrics.frechet_distance(reference.moments, generated.moments, estimator)
        low, high = case.narrowed(
            value,
            lambda: metrics.bootstrap_frechet(
                real, fake, estimator, replicates=replicates, seed=seed, per_clip=per_clip
            ),
            *kept,
        )
        figures.append(
            Figure(
                f"frechet.{features.name}",
                f"{name} ({short})",
                value=value,
                low=low,
                high=high,
                floor=metrics.frechet_distance(reference.moments, floor.moments, estimator),
                protocol=protocol | {unit: counts, "estimator": estimator},
                note=None if estimator == "empirical" else choice.reason,
                **common,
            )
        )
    value = metrics.kernel_distance(real, fake)
    low, high = case.ends(
        lambda: metrics.bootstrap_kernel(
            real, fake, replicates=replicates, seed=seed, per_clip=per_clip
        )
    )
    figures.append(
        Figure(
            f"kernel.{features.name}",
            f"kernel distance on {features.name}",
            value=value,
            low=low,
            high=high,
            floor=metrics.kernel_distance(real, floor.vectors),
            protocol=protocol
            | {
                unit: [len(real), len(fake)],
                "estimator": "unbiased",
                "kernel": "(x·y/d + 1)³",
            },
            **common,
        )
    )
    return figures


def distance(case: MetricInputs) -> list[Figure]:
    """Return how far generated clips lie from real ones, as clips."""
    return _distances(case, case.clip_features, "distance")


def frames(case: MetricInputs) -> list[Figure]:
    """Return how far generated clips' frames lie from real ones."""
    return _distances(case, case.frame_features, "frames")


def coverage(case: MetricInputs) -> list[Figure]:
    """Return precision, recall, density and coverage (1904.06991, 2002.09797)."""
    reference, floor, generated = case.of(case.clip_features)
    found = metrics.neighbourhoods(reference.vectors, generated.vectors)
    real = metrics.neighbourhoods(reference.vectors, floor.vectors)
    rows = (
        ("precision", "generated clips that look real", "precise"),
        ("recall", "real clips that could be generated", "recalled"),
        ("density", "how deep among real clips they lie", "dense"),
        ("coverage", "real clips with a generated one near", "covered"),
    )
    figures = []
    for name, meaning, array in rows:
        values = getattr(found, array)
        measured = case.share(values) if values.dtype == bool else case.mean(values)
        figures.append(
            Figure(
                f"{name}.{case.clip_features.name}",
                f"{name}: {meaning}",
                "coverage",
                *measured,
                float(np.mean(getattr(real, array))),
                "higher",
                protocol={
                    "features": case.clip_features.name,
                    "neighbours": found.k,
                    "clips": [len(reference.vectors), len(generated.vectors)],
                },
            )
        )
    return figures


def diversity(case: MetricInputs) -> list[Figure]:
    """Return how much generated clips differ from each other."""
    _, floor, generated = case.of(case.clip_features)
    found, real = (metrics.measure_diversity(each.vectors) for each in (generated, floor))
    if real.spread == 0:
        raise InputError("the real clips all have the same features: nothing to compare with")
    protocol = {"features": case.clip_features.name, "clips": [len(generated.vectors)]}
    spread = case.mean(found.to_others / real.spread)
    return [
        Figure(
            "diversity",
            "mean distance of two clips, of real ones 1",
            "diversity",
            *spread,
            1.0,
            "higher",
            protocol=protocol,
        ),
        Figure(
            "repeated",
            "clips that are there more than once",
            "diversity",
            *case.share(found.to_nearest == 0),
            floor=real.repeated,
            better="lower",
            protocol=protocol,
        ),
    ]


def memorisation(case: MetricInputs) -> list[Figure]:
    """Return how many generated clips are nearer to training clips than new ones would be."""
    figures = []
    for kind, found in (case.memorised or {}).items():
        figures.append(
            Figure(
                f"memorisation.{kind}",
                f"as near to training clips as {found.expected:.0%} of real ones, by {kind}",
                "memorisation",
                found.share.value,
                found.share.low,
                found.share.high,
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
        )
    return figures


MEASURES: dict[str, Callable[[MetricInputs], list[Figure]]] = {
    "distance": distance,
    "frames": frames,
    "coverage": coverage,
    "diversity": diversity,
    "motion": motion,
    "memorisation": memorisation,
    "discriminator": discriminator,
    "labels": labels,
}
