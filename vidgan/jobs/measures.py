"""From what was gathered of real and generated clips to figures, group by group.

Each function of ``MEASURES`` takes a :class:`Case` and returns figures with their intervals and
floors: the same figure of real clips against other real clips, as many as there are generated ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from vidgan import metrics
from vidgan.config import EvaluateConfig
from vidgan.errors import InputError, RunError
from vidgan.jobs.gather import Embedded, Gathered
from vidgan.metrics import Interval, Memorisation, bootstrap
from vidgan.metrics.covariance import KERNEL
from vidgan.metrics.features import Features
from vidgan.metrics.figure import Figure

if TYPE_CHECKING:
    from vidgan.training.run import Run

Value = TypeVar("Value")
# Shown as what a clip of chance would get, too.
CHANCE = 0.5


@dataclass
class Case:
    """What is measured.

    Attributes:
        config: the options.
        clip_features: in which clips are compared.
        frame_features: in which frames are compared.
        reference: real clips that generated ones are compared with.
        floor: other real clips, as many as are compared.
        generated: generated clips.
        run: what made them, None where that is not known.
        memorised: by ``features`` and ``pixels``, how near generated clips are to training clips.
        labels: names of the labels.
    """

    config: EvaluateConfig
    clip_features: Features
    frame_features: Features
    reference: Gathered
    floor: Gathered
    generated: Gathered
    run: "Run | None" = None
    memorised: dict[str, Memorisation] | None = None
    labels: tuple[str, ...] = ()

    def of(self, features: Features) -> tuple[Embedded, Embedded, Embedded]:
        """Return the features of the reference, the floor and the generated clips."""
        sets = (self.reference, self.floor, self.generated)
        found = [each.embedded[features.name] for each in sets]
        return found[0], found[1], found[2]


def _interval(
    case: Case, value: float, take: Callable[[], Interval], kept: int, count: int
) -> tuple[float | None, float | None]:
    """Return an interval about a value; that of a part of the clips is narrowed to all of them."""
    if not case.config.bootstrap:
        return None, None
    try:
        found = take()
    except InputError:  # Too few clips for an interval.
        return None, None
    narrower = np.sqrt(kept / count)
    low = value + (found.low - found.value) * narrower
    return max(0.0, low) if value >= 0 else low, value + (found.high - found.value) * narrower


def _distances(case: Case, features: Features, group: str) -> list[Figure]:
    reference, floor, generated = case.of(features)
    counts = [reference.moments.count, generated.moments.count]
    choice = metrics.choose_estimator(counts[0], counts[1], features.dim)
    protocol = {"features": features.name, "dimensions": features.dim, "clips": counts}
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
        low, high = _interval(
            case,
            value,
            lambda: metrics.bootstrap_frechet(
                real, fake, estimator, replicates=replicates, seed=seed
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
                protocol=protocol | {"estimator": estimator},
                note=None if estimator == "empirical" else choice.reason,
                **common,
            )
        )
    value = metrics.kernel_distance(real, fake)
    low, high = _interval(
        case,
        value,
        lambda: metrics.bootstrap_kernel(real, fake, replicates=replicates, seed=seed),
        *kept,
    )
    figures.append(
        Figure(
            f"kernel.{features.name}",
            f"kernel distance on {features.name}",
            value=value,
            low=low,
            high=high,
            floor=metrics.kernel_distance(real, floor.vectors),
            protocol=protocol | {"estimator": "unbiased", "kernel": "(x·y/d + 1)³"},
            **common,
        )
    )
    return figures


def distance(case: Case) -> list[Figure]:
    """Return how far generated clips lie from real ones, as clips."""
    return _distances(case, case.clip_features, "distance")


def frames(case: Case) -> list[Figure]:
    """Return how far generated clips' frames lie from real ones."""
    return _distances(case, case.frame_features, "frames")


def coverage(case: Case) -> list[Figure]:
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
        low = high = None
        if case.config.bootstrap and len(values) >= bootstrap.FEWEST:
            interval = (
                metrics.share_interval(values)
                if values.dtype == bool
                else metrics.bootstrap_mean(values, seed=case.config.seed)
            )
            low, high = interval.low, interval.high
        figures.append(
            Figure(
                f"{name}.{case.clip_features.name}",
                f"{name}: {meaning}",
                "coverage",
                float(np.mean(values)),
                low,
                high,
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


def diversity(case: Case) -> list[Figure]:
    """Return how much generated clips differ from each other."""
    _, floor, generated = case.of(case.clip_features)
    found, real = (metrics.measure_diversity(each.vectors) for each in (generated, floor))
    if real.spread == 0:
        raise InputError("the real clips all have the same features: nothing to compare with")
    protocol = {"features": case.clip_features.name, "clips": [len(generated.vectors)]}
    spread = _mean(case, found.to_others / real.spread)
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
            found.repeated,
            floor=real.repeated,
            better="lower",
            protocol=protocol,
        ),
    ]


def motion(case: Case) -> list[Figure]:
    """Return how generated clips move against how real ones do."""
    reference, floor, generated = (
        _present(each.motion) for each in (case.reference, case.floor, case.generated)
    )
    warping = [_present(each.warping) for each in (case.floor, case.generated)]
    common: dict[str, Any] = {
        "group": "motion",
        "better": "lower",
        "protocol": {"flow": "DIS", "clips": [case.reference.count, case.generated.count]},
    }
    return [
        Figure(
            "motion.speed",
            "distance of speeds",
            value=metrics.speed_distance(generated.speed, reference.speed),
            floor=metrics.speed_distance(floor.speed, reference.speed),
            unit="pixels a frame",
            **common,
        ),
        Figure(
            "motion.direction",
            "distance of directions",
            value=metrics.direction_distance(generated.direction, reference.direction),
            floor=metrics.direction_distance(floor.direction, reference.direction),
            unit="degrees",
            **common,
        ),
        *(
            Figure(
                f"motion.{name}",
                f"clips that {does}",
                value=float(np.mean(getattr(generated, name))),
                floor=float(np.mean(getattr(floor, name))),
                **common,
            )
            for name, does in (("frozen", "stand still"), ("looping", "repeat themselves"))
        ),
        *(
            Figure(
                f"motion.{key}",
                title,
                "motion",
                *_mean(case, getattr(made, name)),
                float(np.mean(getattr(real, name))),
                None,
                unit,
                protocol=common["protocol"],
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
        ),
    ]


def _present(value: Value | None) -> Value:
    """Return what was gathered because it was asked for."""
    assert value is not None, "asked for"
    return value


def _mean(case: Case, values: np.ndarray) -> tuple[float, float | None, float | None]:
    """Return a mean and its interval."""
    if not case.config.bootstrap or len(values) < bootstrap.FEWEST:
        return float(np.mean(values)), None, None
    found = metrics.bootstrap_mean(values, replicates=case.config.bootstrap, seed=case.config.seed)
    return found.value, found.low, found.high


def memorisation(case: Case) -> list[Figure]:
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
                    "verdict": found.verdict,
                    "p_value": found.p_value,
                    "border": found.border,
                    "copies": found.copies,
                },
            )
        )
    return figures


def discriminator(case: Case) -> list[Figure]:
    """Return what the discriminator makes of real clips, held out or not, and of generated ones."""
    from vidgan.losses import LOSSES
    from vidgan.metrics.discriminator import accuracies, pair_loss

    run = case.run
    if run is None or case.generated.logits is None:
        return []
    sets = {"test": case.reference, "train": case.floor, "generated": case.generated}
    logits = {name: each.logits for name, each in sets.items() if each.logits is not None}
    if not all(np.isfinite(each).all() for each in logits.values()):
        raise RunError(f"{run.path}: the networks give NaN; evaluate an earlier --checkpoint")
    loss = LOSSES[run.train.loss]
    right = accuracies(loss, logits)
    names = {"test": "held-out", "train": "training", "generated": "generated"}
    common: dict[str, Any] = {"group": "discriminator"}
    figures = [
        Figure(
            f"discriminator.accuracy.{name}",
            f"accuracy on {title} clips",
            value=right[name],
            protocol={"clips": [len(logits[name])]},
            **common,
        )
        for name, title in names.items()
    ]
    figures += [
        Figure(
            f"discriminator.loss.{name}",
            f"loss on {names[name]} against generated clips",
            value=pair_loss(loss, logits[name], logits["generated"]),
            protocol={"loss": run.train.loss},
            **common,
        )
        for name in ("test", "train")
    ]
    known = metrics.membership_inference(logits["train"], logits["test"])
    calibration = metrics.measure_calibration(logits["test"], logits["generated"])
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
            value=calibration.error,
            better="lower",
            protocol={"brier": calibration.brier},
            note=None
            if run.train.loss in ("non-saturating", "saturating")
            else f"the logits of --loss {run.train.loss} mean no probabilities",
            **common,
        ),
    ]


def labels(case: Case) -> list[Figure]:
    """Return each class's distance, and how often a conditional model makes what it is asked for.

    The class of a clip is told by its nearest neighbours among the floor's real clips.
    """
    if len(case.labels) < 2 or case.generated.labels.min() < 0:
        return []
    reference, floor, generated = case.of(case.clip_features)
    kept = [each.kept_labels for each in (case.reference, case.floor, case.generated)]
    known = metrics.label_accuracy(floor.vectors, kept[1], generated.vectors, kept[2])
    real = metrics.label_accuracy(floor.vectors, kept[1], reference.vectors, kept[0])
    interval = metrics.share_interval(known)
    protocol = {"features": case.clip_features.name}
    figures = [
        Figure(
            "labels.accuracy",
            "clips that look like their label",
            "labels",
            interval.value,
            interval.low,
            interval.high,
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
    for number, found in classes.items():
        figures.append(
            Figure(
                f"labels.kernel.{case.labels[number]}",
                f"kernel distance of {case.labels[number]!r}",
                "labels",
                found.value,
                floor=floors[number].value if number in floors else None,
                better="lower",
                protocol=protocol | {"clips": [found.real, found.fake]},
                note=found.problem or None,
            )
        )
    return figures


MEASURES: dict[str, Callable[[Case], list[Figure]]] = {
    "distance": distance,
    "frames": frames,
    "coverage": coverage,
    "diversity": diversity,
    "motion": motion,
    "memorisation": memorisation,
    "discriminator": discriminator,
    "labels": labels,
}
