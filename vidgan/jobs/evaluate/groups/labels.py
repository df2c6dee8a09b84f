"""Metrics of labelled clips: accuracy of the labels, and the distance of each class."""

import numpy as np

from vidgan import metrics
from vidgan.jobs.evaluate.metric_inputs import Ends, MetricInputs
from vidgan.metrics.result import MetricResult

# Labels that a note lists by name.
_MAX_NAMED = 8


def labels(inputs: MetricInputs) -> list[MetricResult]:
    """Return the accuracy of the generated clips' labels, and the kernel distance of each class.

    A clip is classified by its nearest neighbours among the real clips of the floor.
    """
    reference, floor, generated = inputs.features(inputs.clip_features)
    of_reference, of_floor, of_generated = (each.sampled_labels for each in inputs.sets)
    correct = metrics.label_accuracy(floor.vectors, of_floor, generated.vectors, of_generated)
    real_correct = metrics.label_accuracy(floor.vectors, of_floor, reference.vectors, of_reference)
    protocol = {"features": inputs.clip_features.name}
    results = [
        MetricResult(
            "labels.accuracy",
            "clips that look like their label",
            "labels",
            *inputs.fraction(correct),
            float(np.mean(real_correct)),
            "higher",
            protocol=protocol,
        )
    ]
    classes = metrics.by_class(
        metrics.kernel_distance, reference.vectors, of_reference, generated.vectors, of_generated
    )
    floors = metrics.by_class(
        metrics.kernel_distance, reference.vectors, of_reference, floor.vectors, of_floor
    )
    missing = missing_labels(inputs)
    for label, found in classes.items():
        name = inputs.labels[label]
        problem = f"{name!r}: {found.problem}" if found.problem else None
        real = reference.vectors[of_reference == label]
        fake = generated.vectors[of_generated == label]
        results.append(
            MetricResult(
                f"labels.kernel.{name}",
                f"kernel distance of {name!r}",
                "labels",
                found.value,
                *_kernel_ends(inputs, real, fake),
                floors[label].value if label in floors else None,
                "lower",
                protocol=protocol | {"clips": [found.real, found.fake]},
                note=missing.get(label, problem),
            )
        )
    return results


def missing_labels(inputs: MetricInputs) -> dict[int, str]:
    """Return the labels that only real or only generated clips have, each with a note.

    All labels that one side lacks have the same note. Empty where a side has no labels at all.
    """
    real, generated = (
        {label for each in sets for label in each.labels.tolist() if label >= 0}
        for sets in ((inputs.reference, inputs.floor), (inputs.generated,))
    )
    if not real or not generated:
        return {}
    notes: dict[int, str] = {}
    for missing, lacking, having in (
        (real - generated, "generated", "real"),
        (generated - real, "real", "generated"),
    ):
        names = [repr(inputs.labels[label]) for label in sorted(missing)]
        more = [f"{len(names) - _MAX_NAMED} more"] if len(names) > _MAX_NAMED else []
        listed = ", ".join(names[:_MAX_NAMED] + more)
        note = f"{having} clips have labels that no {lacking} clip has: {listed}"
        notes |= dict.fromkeys(missing, note)
    return notes


def _kernel_ends(inputs: MetricInputs, real: np.ndarray, generated: np.ndarray) -> Ends:
    replicates, seed = inputs.config.bootstrap, inputs.config.seed
    return inputs.ends(
        lambda: metrics.bootstrap_kernel(real, generated, replicates=replicates, seed=seed)
    )
