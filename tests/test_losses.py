"""Losses and penalties against closed forms worked out by NumPy in float64."""

import numpy as np
import pytest
import tensorflow as tf

from vidgan import regularizers
from vidgan.config import TrainConfig
from vidgan.losses import LOSSES

LOGITS = np.array([-80, -20, -3, -0.5, 0, 0.5, 3, 20, 80], np.float64)


def log_sigmoid(x):
    return np.where(x < 0, x, 0) - np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    return np.exp(log_sigmoid(x))


# Kind → function → (value, derivative).
CLOSED_FORMS = {
    "non-saturating": {
        "discriminator_real": (lambda x: -log_sigmoid(x), lambda x: -sigmoid(-x)),
        "discriminator_fake": (lambda x: -log_sigmoid(-x), lambda x: sigmoid(x)),
        "generator": (lambda x: -log_sigmoid(x), lambda x: -sigmoid(-x)),
    }
}
CASES = [(kind, name) for kind, functions in CLOSED_FORMS.items() for name in functions]


def test_every_loss_is_checked():
    choices = next(
        field.metadata["choices"]
        for field in TrainConfig.__dataclass_fields__.values()
        if field.name == "loss"
    )
    assert set(LOSSES) == set(CLOSED_FORMS) == set(choices)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_value_and_derivative(kind, name):
    logits = tf.constant(LOGITS.reshape(-1, 1), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = getattr(LOSSES[kind], name)(logits)
    assert values.shape == logits.shape
    value, derivative = CLOSED_FORMS[kind][name]
    np.testing.assert_allclose(values[:, 0], value(LOGITS), rtol=1e-5, atol=1e-30)
    # exp(80) and its kin end beyond float32's range; nothing may become NaN on the way there.
    np.testing.assert_allclose(
        tape.gradient(values, logits)[:, 0], derivative(LOGITS), rtol=1e-5, atol=1e-30
    )


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_derivative_against_differences(kind, name):
    function = getattr(LOSSES[kind], name)
    logits = tf.constant(np.linspace(-6, 6, 25), tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = function(logits)
    width = 1e-5
    slope = (function(logits + width) - function(logits - width)) / (2 * width)
    np.testing.assert_allclose(tape.gradient(values, logits), slope, rtol=1e-7, atol=1e-9)


def clips(count=3):
    random = np.random.default_rng(0)
    return tf.constant(random.uniform(-1, 1, (count, 4, 5, 6, 3)), tf.float32)


def test_r1_of_a_linear_discriminator():
    """The gradient of w·x is w at every clip: the penalty is half of |w|²."""
    real = clips()
    weights = tf.constant(np.random.default_rng(1).normal(size=real.shape[1:]), tf.float32)
    penalty = regularizers.r1(
        lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3, 4))[:, None], real
    )
    assert float(penalty) == pytest.approx(0.5 * float(tf.reduce_sum(weights**2)), rel=1e-5)


def test_r1_is_the_mean_over_clips():
    """The gradient of |x|²/2 is x itself."""
    real = clips()
    penalty = regularizers.r1(lambda x: tf.reduce_sum(x**2, axis=(1, 2, 3, 4))[:, None] / 2, real)
    squares = np.sum(real.numpy().astype(np.float64) ** 2, axis=(1, 2, 3, 4))
    assert float(penalty) == pytest.approx(0.5 * squares.mean(), rel=1e-5)


def test_r1_can_be_trained_through():
    """d(½|w|²)/dw = w."""
    real = clips()
    weights = tf.Variable(np.random.default_rng(2).normal(size=real.shape[1:]), dtype=tf.float32)
    with tf.GradientTape() as tape:
        penalty = regularizers.r1(
            lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3, 4))[:, None], real
        )
    np.testing.assert_allclose(tape.gradient(penalty, weights), weights, rtol=1e-5)
