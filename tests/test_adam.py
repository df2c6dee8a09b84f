"""The fused Adam against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from vidgan.training.optimizers.adam import FusedAdam


def moved(
    optimizer: keras.optimizers.Optimizer, steps: int = 5
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return two weights and the optimizer's moments after steps along the same gradients."""
    weights = [
        keras.Variable(np.linspace(-1, 1, size).reshape(shape), dtype="float32", name=name)
        for size, shape, name in ((12, (3, 4), "kernel"), (5, (5,), "bias"))
    ]
    optimizer.build(weights)
    random = np.random.default_rng(3)
    drawn = [[random.normal(size=w.shape).astype("float32") for w in weights] for _ in range(steps)]

    def step(gradients: list[tf.Tensor]) -> None:
        optimizer.apply(gradients, weights)

    compiled = tf.function(step, autograph=False)
    for gradients in drawn:
        compiled([tf.constant(gradient) for gradient in gradients])
    return [w.numpy() for w in weights], [v.numpy() for v in optimizer.variables]


@pytest.mark.parametrize("betas", [(0.5, 0.99), (0.0, 0.9), (0.9, 0.999)])
def test_moves_as_keras_adam_does(betas: tuple[float, float]) -> None:
    fused, state = moved(FusedAdam(1e-2, *betas, epsilon=1e-8))
    wanted, wanted_state = moved(keras.optimizers.Adam(1e-2, *betas, epsilon=1e-8))
    for found, expected in zip([*fused, *state], [*wanted, *wanted_state], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_follows_a_rate_that_changes() -> None:
    weight = keras.Variable([1.0, 1.0], dtype="float32")
    adam = FusedAdam(0.5)
    adam.build([weight])
    adam.learning_rate = 0.0
    adam.apply([tf.constant([1.0, -1.0])], [weight])
    np.testing.assert_array_equal(weight.numpy(), [1.0, 1.0])
    adam.learning_rate = 0.1
    adam.apply([tf.constant([1.0, -1.0])], [weight])
    np.testing.assert_allclose(weight.numpy(), [0.9, 1.1], atol=0.02)


def test_has_the_state_of_keras_adam() -> None:
    def names(adam: keras.optimizers.Optimizer) -> list[str]:
        adam.build([keras.Variable([1.0], name="bias")])
        return [variable.path for variable in adam.variables]

    assert names(FusedAdam(name="adam")) == names(keras.optimizers.Adam(name="adam"))


def test_under_loss_scaling() -> None:
    weights, _ = moved(keras.optimizers.LossScaleOptimizer(FusedAdam(1e-2), initial_scale=1.0))
    wanted, _ = moved(keras.optimizers.Adam(1e-2))
    for found, expected in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
