"""Losses and penalties against closed forms worked out by NumPy in float64."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from vidgan import regularizers
from vidgan.config import ModelConfig, TrainConfig, option_fields
from vidgan.errors import OptionError
from vidgan.losses import LOSSES, Loss, recognition
from vidgan.models import resolve
from vidgan.tasks import option_checks
from vidgan.training.discriminator_step import pair_derivatives
from vidgan.training.health_rules import STEP_RULES

SEED = (1, 2)
LOGITS = np.array([-80, -20, -3, -0.5, 0, 0.5, 3, 20, 80], np.float64)


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.where(x < 0, x, 0) - np.log1p(np.exp(-np.abs(x)))
    return found


def sigmoid(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.exp(log_sigmoid(x))
    return found


def relu(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.maximum(x, 0)
    return found


def step(x: np.ndarray) -> np.ndarray:
    """Derivative of relu, 0 at the kink as TensorFlow has it."""
    return (x > 0).astype(np.float64)


# Loss → (D's loss, its derivatives at real and fake, G's loss, its derivative at fake), all of
# (real, fake).
CROSS_ENTROPY = (
    lambda r, f: -log_sigmoid(r) - log_sigmoid(-f),
    lambda r, f: -sigmoid(-r),
    lambda r, f: sigmoid(f),
)
CLOSED_FORMS = {
    "non-saturating": (*CROSS_ENTROPY, lambda r, f: -log_sigmoid(f), lambda r, f: -sigmoid(-f)),
    "saturating": (*CROSS_ENTROPY, lambda r, f: log_sigmoid(-f), lambda r, f: -sigmoid(f)),
    "hinge": (
        lambda r, f: relu(1 - r) + relu(1 + f),
        lambda r, f: -step(1 - r),
        lambda r, f: step(1 + f),
        lambda r, f: -f,
        lambda r, f: -np.ones_like(f),
    ),
    "least-squares": (
        lambda r, f: ((r - 1) ** 2 + (f + 1) ** 2) / 2,
        lambda r, f: r - 1,
        lambda r, f: f + 1,
        lambda r, f: f**2 / 2,
        lambda r, f: f,
    ),
    "wasserstein": (
        lambda r, f: f - r,
        lambda r, f: -np.ones_like(r),
        lambda r, f: np.ones_like(f),
        lambda r, f: -f,
        lambda r, f: -np.ones_like(f),
    ),
    "relativistic": (
        lambda r, f: -log_sigmoid(r - f),
        lambda r, f: -sigmoid(f - r),
        lambda r, f: sigmoid(f - r),
        lambda r, f: -log_sigmoid(f - r),
        lambda r, f: -sigmoid(r - f),
    ),
}


def test_every_loss_is_checked() -> None:
    assert list(LOSSES) == list(CLOSED_FORMS)


@pytest.mark.parametrize("kind", CLOSED_FORMS)
def test_values_and_derivatives(kind: str) -> None:
    """At every pair of logits; nothing may become NaN where exp(80) ends float32's range."""
    real, fake = (grid.reshape(-1, 1) for grid in np.meshgrid(LOGITS, LOGITS))
    tensors = [tf.constant(logits, tf.float32) for logits in (real, fake)]
    d_real, d_fake, g_fake = pair_derivatives(LOSSES[kind], 0.0, *tensors)
    d_value = LOSSES[kind].discriminator(*tensors)
    g_value = LOSSES[kind].generator(*tensors)
    found = (d_value, d_real, d_fake, g_value, g_fake)
    for tensor, function in zip(found, CLOSED_FORMS[kind], strict=True):
        assert tensor.shape == tensors[0].shape
        np.testing.assert_allclose(tensor, function(real, fake), rtol=1e-5, atol=1e-30)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", [kind for kind, loss in LOSSES.items() if loss.smoothed])
def test_label_smoothing(kind: str) -> None:
    """The best logit of a real clip is no longer without bound, or less far out."""
    smoothed = LOSSES[kind].with_smoothing(0.1)
    logits = tf.constant(np.linspace(-8, 8, 1601), tf.float64)
    best = float(logits[int(tf.argmin(smoothed(logits, tf.zeros_like(logits))))])
    expected = {"least-squares": 0.9}.get(kind, np.log(0.9 / 0.1))
    assert best == pytest.approx(expected, abs=0.01)
    # Generated clips keep their label: one-sided.
    fake = tf.constant(LOGITS, tf.float64)
    plain = LOSSES[kind].discriminator(tf.zeros_like(fake), fake)
    shifted = smoothed(tf.zeros_like(fake), fake) - plain
    np.testing.assert_allclose(shifted, shifted[0], atol=1e-12)


def test_accuracy_of_a_loss_of_differences() -> None:
    """Only where the two kinds lie apart counts, not where zero is."""
    real, fake = tf.constant([[7.0], [9.0]]), tf.constant([[3.0], [8.5]])
    assert [float(a) for a in LOSSES["relativistic"].accuracy(real, fake)] == [1.0, 0.5]
    assert [float(a) for a in LOSSES["hinge"].accuracy(real, fake)] == [1.0, 0.0]


def test_recognition_of_codes() -> None:
    """Certainty in the right category costs nothing; a Gaussian's log-likelihood for the rest."""
    noise = {"category": tf.one_hot([1, 0], 3), "codes": tf.constant([[0.5, -1.0], [0.0, 1.0]])}
    outputs = {
        "category": tf.constant([[0.0, 50.0, 0.0], [0.0, 0.0, 0.0]]),
        "codes": tf.constant([[0.5, -1.0, 0.0, 0.0], [1.0, 1.0, np.log(4.0), 0.0]], tf.float32),
    }
    expected = [0.0, np.log(3) + 0.5 * (1 / 4 + np.log(4))]
    np.testing.assert_allclose(recognition(outputs, noise), expected, rtol=1e-5, atol=1e-6)


def clips(count: int = 3) -> tf.Tensor:
    random = np.random.default_rng(0)
    return tf.constant(random.uniform(-1, 1, (count, 4, 5, 6, 3)), tf.float32)


def test_r1_of_a_linear_discriminator() -> None:
    """The gradient of w·x is w at every clip: the penalty is half of |w|²."""
    real = clips()
    weights = tf.constant(np.random.default_rng(1).normal(size=real.shape[1:]), tf.float32)
    penalty = regularizers.r1(
        lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3, 4))[:, None], real, real, SEED
    )
    assert float(penalty) == pytest.approx(0.5 * float(tf.reduce_sum(weights**2)), rel=1e-5)


def test_r1_is_the_mean_over_clips() -> None:
    """The gradient of |x|²/2 is x itself."""
    real = clips()
    penalty = regularizers.r1(
        lambda x: tf.reduce_sum(x**2, axis=(1, 2, 3, 4))[:, None] / 2, real, real, SEED
    )
    squares = np.sum(real.numpy().astype(np.float64) ** 2, axis=(1, 2, 3, 4))
    assert float(penalty) == pytest.approx(0.5 * squares.mean(), rel=1e-5)


def test_r1_can_be_trained_through() -> None:
    """d(½|w|²)/dw = w."""
    real = clips()
    weights = tf.Variable(np.random.default_rng(2).normal(size=real.shape[1:]), dtype=tf.float32)
    with tf.GradientTape() as tape:
        penalty = regularizers.r1(
            lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3, 4))[:, None], real, real, SEED
        )
    np.testing.assert_allclose(tape.gradient(penalty, weights), weights, rtol=1e-5)


def test_r2_is_the_same_at_generated_clips() -> None:
    real, fake = clips(), 2 * clips()
    penalty = regularizers.r2(
        lambda x: tf.reduce_sum(x**2, axis=(1, 2, 3, 4))[:, None] / 2, real, fake, SEED
    )
    squares = np.sum(fake.numpy().astype(np.float64) ** 2, axis=(1, 2, 3, 4))
    assert float(penalty) == pytest.approx(0.5 * squares.mean(), rel=1e-5)


def test_gradient_penalty_lies_between_the_two() -> None:
    """The gradient of |x|²/2 is x: the penalty tells where on the line between clips it was taken.

    Along the line from 0 to x the norm is s·|x| with s uniform in [0, 1].
    """
    real = tf.repeat(clips(1), 500, axis=0)
    norm = float(tf.norm(real[0]))
    penalty = regularizers.gradient_penalty(
        lambda x: tf.reduce_sum(x**2, axis=(1, 2, 3, 4))[:, None] / 2, real, 0 * real, SEED
    )
    # The mean of (s·n − 1)².
    assert float(penalty) == pytest.approx(norm**2 / 3 - norm + 1, rel=0.1)


def test_facts_that_losses_state_about_themselves() -> None:
    facts = ("centred", "probabilities", "needs_lipschitz", "discriminator_leads")
    having = {fact: {name for name in LOSSES if getattr(LOSSES[name], fact)} for fact in facts}
    assert having["centred"] == set(LOSSES) - {"wasserstein", "relativistic"}
    assert having["probabilities"] == {"non-saturating", "saturating"}
    assert having["needs_lipschitz"] == having["discriminator_leads"] == {"wasserstein"}


def test_every_penalty_has_its_weight_as_an_option() -> None:
    assert set(regularizers.PENALTIES) <= {field.name for field, _ in option_fields(TrainConfig)}


LOSS = LOSSES["saturating"]


@pytest.mark.parametrize(
    ("train", "changed", "message"),
    [
        (
            TrainConfig(loss="saturating", r1=0.0),
            dataclasses.replace(LOSS, needs_lipschitz=True),
            "--loss saturating needs a Lipschitz discriminator",
        ),
        (
            TrainConfig(loss="saturating", label_smoothing=0.1),
            dataclasses.replace(LOSS, smoothed=None),
            "--label-smoothing needs a loss with labels",
        ),
        (
            TrainConfig(loss="saturating", ada=0.6),
            dataclasses.replace(LOSS, centred=False),
            "--ada needs logits whose sign separates",
        ),
    ],
)
def test_option_checks_ask_the_loss_and_not_its_name(
    monkeypatch: pytest.MonkeyPatch, train: TrainConfig, changed: Loss, message: str
) -> None:
    model = resolve(ModelConfig(pairs=False))
    option_checks.check(model, train)
    monkeypatch.setitem(LOSSES, "saturating", changed)
    with pytest.raises(OptionError, match=message):
        option_checks.check(model, train)


def test_health_rules_ask_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = next(rule for rule in STEP_RULES if rule.name == "winning discriminator")
    assert rule.applies(TrainConfig(loss="hinge"))
    changed = dataclasses.replace(LOSSES["hinge"], discriminator_leads=True)
    monkeypatch.setitem(LOSSES, "hinge", changed)
    assert not rule.applies(TrainConfig(loss="hinge"))
