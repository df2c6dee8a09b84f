"""Loss scaling for float16, on any number of replicas."""

import keras
import tensorflow as tf


class LossScaling(keras.optimizers.LossScaleOptimizer):
    """Keras' optimizer with dynamic loss scaling, for gradients that are averages over replicas.

    Keras decides for all replicas together whether gradients are finite, which is not possible in
    an update at every n-th step only. Averages are the same on all replicas, and so is what each
    decides.
    """

    def _tf_apply(
        self, grads: list[tf.Tensor], trainable_variables: list[keras.Variable] | None = None
    ) -> None:
        self._common_apply(grads, trainable_variables)
