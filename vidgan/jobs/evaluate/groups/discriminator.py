"""Accuracy, loss, membership inference and calibration of a run's discriminator."""

import math

import numpy as np

from vidgan import metrics
from vidgan.errors import RunError
from vidgan.jobs.evaluate.metric_inputs import MetricInputs
from vidgan.losses import LOSSES, Loss
from vidgan.metrics.discriminator import correct_predictions, pair_loss
from vidgan.metrics.result import MetricResult

# The area under the ROC curve of a discriminator that cannot tell training from held-out clips.
CHANCE = 0.5
_GROUP = "discriminator"
_TITLES = {"test": "held-out", "train": "training", "generated": "generated"}


def discriminator(inputs: MetricInputs) -> list[MetricResult]:
    """Return metrics of the discriminator on training, held-out and generated clips.

    Raises:
        RunError: a logit is not finite.
    """
    assert inputs.run is not None, "needs a run"
    name = inputs.run.train.loss
    loss, logits = LOSSES[name], _logits(inputs)
    if not all(np.isfinite(each).all() for each in logits.values()):
        path = inputs.run.path
        raise RunError(f"{path}: the networks give NaN; evaluate an earlier --checkpoint")
    return [
        *_accuracies(inputs, loss, logits),
        *_losses(inputs, loss, name, logits),
        _membership(logits),
        _calibration(inputs, loss, name, logits),
    ]


def _logits(inputs: MetricInputs) -> dict[str, np.ndarray]:
    """Return the logits of held-out (``test``), training and generated clips."""
    test, train = inputs.reference, inputs.floor
    if inputs.held_out == "floor":
        test, train = train, test
    sets = {"test": test, "train": train, "generated": inputs.generated}
    return {name: each.logits for name, each in sets.items() if each.logits is not None}


def _accuracies(
    inputs: MetricInputs, loss: Loss, logits: dict[str, np.ndarray]
) -> list[MetricResult]:
    return [
        MetricResult(
            f"discriminator.accuracy.{name}",
            f"accuracy on {_TITLES[name]} clips",
            _GROUP,
            *inputs.fraction(correct),
            protocol={"clips": [len(correct)]},
        )
        for name, correct in correct_predictions(loss, logits).items()
    ]


def _losses(
    inputs: MetricInputs, loss: Loss, loss_name: str, logits: dict[str, np.ndarray]
) -> list[MetricResult]:
    return [
        MetricResult(
            f"discriminator.loss.{name}",
            f"loss on {_TITLES[name]} against generated clips",
            _GROUP,
            *inputs.statistic(
                lambda real, fake: pair_loss(loss, real, fake),
                logits[name],
                logits["generated"],
                minimum=-math.inf,
            ),
            protocol={"loss": loss_name},
        )
        for name in ("test", "train")
    ]


def _membership(logits: dict[str, np.ndarray]) -> MetricResult:
    membership = metrics.membership_inference(logits["train"], logits["test"])
    return MetricResult(
        "discriminator.membership",
        "membership inference of training clips, AUC",
        _GROUP,
        membership.auc.value,
        membership.auc.low,
        membership.auc.high,
        CHANCE,
        "lower",
        protocol={"advantage": membership.advantage, "p_value": membership.p_value},
    )


def _calibration(
    inputs: MetricInputs, loss: Loss, loss_name: str, logits: dict[str, np.ndarray]
) -> MetricResult:
    test, generated = logits["test"], logits["generated"]
    note = None
    if not loss.probabilities:
        note = f"logits of --loss {loss_name} are not log odds, so they give no probabilities"
    value, low, high = inputs.statistic(
        lambda real, fake: metrics.measure_calibration(real, fake).error, test, generated
    )
    return MetricResult(
        "discriminator.calibration",
        "calibration error of its probabilities",
        _GROUP,
        value,
        low,
        high,
        better="lower",
        protocol={"brier": metrics.measure_calibration(test, generated).brier},
        note=note,
    )
