"""Fréchet and kernel distances between generated and real clips, or their frames."""

from vidgan import metrics
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.metrics.covariance import KERNEL
from vidgan.metrics.features import Features
from vidgan.metrics.result import MetricResult


def clip_distances(inputs: MetricInputs) -> list[MetricResult]:
    """Return the distances between sets of clips."""
    return _distances(inputs, inputs.clip_features, "distance")


def frame_distances(inputs: MetricInputs) -> list[MetricResult]:
    """Return the distances between sets of frames."""
    return _distances(inputs, inputs.frame_features, "frames")


def _distances(inputs: MetricInputs, features: Features, group: str) -> list[MetricResult]:
    return [_frechet(inputs, features, group), _kernel(inputs, features, group)]


def _frechet(inputs: MetricInputs, features: Features, group: str) -> MetricResult:
    reference, floor, generated = inputs.features(features)
    counts = [reference.moments.count, generated.moments.count]
    choice = metrics.choose_estimator(counts[0], counts[1], features.dim)
    name, short = features.distance.removesuffix(")").split(" (")
    key, estimator = f"frechet.{features.name}", choice.estimator
    if estimator == KERNEL:
        return MetricResult(key, name, group, None, better="lower", note=choice.reason)
    real, fake = reference.vectors, generated.vectors
    value = metrics.frechet_distance(reference.moments, generated.moments, estimator)
    low, high = inputs.rescaled_ends(
        value,
        lambda: metrics.bootstrap_frechet(
            real,
            fake,
            estimator,
            replicates=inputs.config.bootstrap,
            seed=inputs.config.seed,
            per_clip=_vectors_per_clip(inputs, features),
        ),
        min(len(real), len(fake)),
        min(counts),
    )
    return MetricResult(
        key,
        f"{name} ({short})",
        group,
        value,
        low,
        high,
        metrics.frechet_distance(reference.moments, floor.moments, estimator),
        "lower",
        protocol=_protocol(features, counts) | {"estimator": estimator},
        note=None if estimator == "empirical" else choice.reason,
    )


def _kernel(inputs: MetricInputs, features: Features, group: str) -> MetricResult:
    reference, floor, generated = inputs.features(features)
    real, fake = reference.vectors, generated.vectors
    value = metrics.kernel_distance(real, fake)
    low, high = inputs.ends(
        lambda: metrics.bootstrap_kernel(
            real,
            fake,
            replicates=inputs.config.bootstrap,
            seed=inputs.config.seed,
            per_clip=_vectors_per_clip(inputs, features),
        )
    )
    return MetricResult(
        f"kernel.{features.name}",
        f"kernel distance on {features.name}",
        group,
        value,
        low,
        high,
        metrics.kernel_distance(real, floor.vectors),
        "lower",
        protocol=_protocol(features, [len(real), len(fake)])
        | {"estimator": "unbiased", "kernel": "(x·y/d + 1)³"},
    )


def _vectors_per_clip(inputs: MetricInputs, features: Features) -> int:
    """Return how many vectors are resampled together: frames of a clip depend on each other."""
    return inputs.reference.examples.shape[1] if features.unit == "frame" else 1


def _protocol(features: Features, counts: list[int]) -> dict[str, object]:
    unit = "pictures" if features.unit == "frame" else "clips"
    return {"features": features.name, "dimensions": features.dim, unit: counts}
