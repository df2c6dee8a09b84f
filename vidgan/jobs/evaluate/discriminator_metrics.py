"""What the discriminator makes of clips, and whether they are what their labels say."""

import math
from typing import Any

import numpy as np

from vidgan import metrics
from vidgan.errors import RunError
from vidgan.jobs.evaluate.metric_inputs import Ends, MetricInputs
from vidgan.metrics.figure import Figure

# Shown as what a clip of chance would get, too.
CHANCE = 0.5
# Labels that a note names.
NAMED = 8


def discriminator(case: MetricInputs) -> list[Figure]:
    """Return what the discriminator makes of real clips, held out or not, and of generated ones."""
    from vidgan.losses import LOSSES
    from vidgan.metrics.discriminator import judged_right, pair_loss

    run = case.run
    if run is None or case.generated.logits is None:
        return []
    test, train = case.reference, case.floor
    if case.held == "floor":
        test, train = train, test
    sets = {"test": test, "train": train, "generated": case.generated}
    logits = {name: each.logits for name, each in sets.items() if each.logits is not None}
    if not all(np.isfinite(each).all() for each in logits.values()):
        raise RunError(f"{run.path}: the networks give NaN; evaluate an earlier --checkpoint")
    loss = LOSSES[run.train.loss]
    names = {"test": "held-out", "train": "training", "generated": "generated"}
    common: dict[str, Any] = {"group": "discriminator"}
    figures = []
    for name, right in judged_right(loss, logits).items():
        value, low, high = case.share(right)
        figures.append(
            Figure(
                f"discriminator.accuracy.{name}",
                f"accuracy on {names[name]} clips",
                value=value,
                low=low,
                high=high,
                protocol={"clips": [len(right)]},
                **common,
            )
        )
    for name in ("test", "train"):
        value, low, high = case.of_sets(
            lambda real, fake: pair_loss(loss, real, fake),
            logits[name],
            logits["generated"],
            least=-math.inf,
        )
        figures.append(
            Figure(
                f"discriminator.loss.{name}",
                f"loss on {names[name]} against generated clips",
                value=value,
                low=low,
                high=high,
                protocol={"loss": run.train.loss},
                **common,
            )
        )
    known = metrics.membership_inference(logits["train"], logits["test"])
    calibration = metrics.measure_calibration(logits["test"], logits["generated"])
    error, low, high = case.of_sets(
        lambda real, fake: metrics.measure_calibration(real, fake).error,
        logits["test"],
        logits["generated"],
    )
    return [
        *figures,
        Figure(
            "discriminator.membership",
            "telling training from held-out clips, AUC",
            value=known.auc.value,
            low=known.auc.low,
            high=known.auc.high,
            floor=CHANCE,
            better="lower",
            protocol={"advantage": known.advantage, "p_value": known.p_value},
            **common,
        ),
        Figure(
            "discriminator.calibration",
            "calibration error of its probabilities",
            value=error,
            low=low,
            high=high,
            better="lower",
            protocol={"brier": calibration.brier},
            note=None
            if run.train.loss in ("non-saturating", "saturating")
            else f"the logits of --loss {run.train.loss} mean no probabilities",
            **common,
        ),
    ]


def labels(case: MetricInputs) -> list[Figure]:
    """Return each class's distance, and how often a conditional model makes what it is asked for.

    The class of a clip is told by its nearest neighbours among the floor's real clips.
    """
    sets = (case.reference, case.floor, case.generated)
    if len(case.labels) < 2 or any(each.labels.min() < 0 for each in sets):
        return []
    reference, floor, generated = case.of(case.clip_features)
    kept = [each.kept_labels for each in sets]
    known = metrics.label_accuracy(floor.vectors, kept[1], generated.vectors, kept[2])
    real = metrics.label_accuracy(floor.vectors, kept[1], reference.vectors, kept[0])
    protocol = {"features": case.clip_features.name}
    figures = [
        Figure(
            "labels.accuracy",
            "clips that look like their label",
            "labels",
            *case.share(known),
            float(np.mean(real)),
            "higher",
            protocol=protocol,
        )
    ]
    classes = metrics.by_class(
        metrics.kernel_distance, reference.vectors, kept[0], generated.vectors, kept[2]
    )
    floors = metrics.by_class(
        metrics.kernel_distance, reference.vectors, kept[0], floor.vectors, kept[1]
    )
    absent = one_sided(case)
    for number, found in classes.items():
        problem = f"{case.labels[number]!r}: {found.problem}" if found.problem else None
        of_class = reference.vectors[kept[0] == number], generated.vectors[kept[2] == number]
        low, high = _kernel_ends(case, *of_class)
        figures.append(
            Figure(
                f"labels.kernel.{case.labels[number]}",
                f"kernel distance of {case.labels[number]!r}",
                "labels",
                found.value,
                low,
                high,
                floor=floors[number].value if number in floors else None,
                better="lower",
                protocol=protocol | {"clips": [found.real, found.fake]},
                note=absent.get(number, problem),
            )
        )
    return figures


def one_sided(case: MetricInputs) -> dict[int, str]:
    """Return the labels that only real or only generated clips have, each with a note on it.

    One note names all that one side lacks. There are none where a side has no labels at all.
    """
    real, generated = (
        {label for each in sets for label in each.labels.tolist() if label >= 0}
        for sets in ((case.reference, case.floor), (case.generated,))
    )
    if not real or not generated:
        return {}
    found: dict[int, str] = {}
    for labels, lack, have in (
        (real - generated, "generated", "real"),
        (generated - real, "real", "generated"),
    ):
        names = [repr(case.labels[label]) for label in sorted(labels)]
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        named = ", ".join(names[:NAMED] + more)
        note = f"of the clips measured no {lack} one is labelled {named}, as {have} ones are"
        found |= dict.fromkeys(labels, note)
    return found


def _kernel_ends(case: MetricInputs, real: np.ndarray, generated: np.ndarray) -> Ends:
    replicates, seed = case.config.bootstrap, case.config.seed
    return case.ends(
        lambda: metrics.bootstrap_kernel(real, generated, replicates=replicates, seed=seed)
    )
