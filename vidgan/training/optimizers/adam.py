"""Adam as one fused operation per weight."""

import keras
import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam (arXiv 1412.6980) in a fused operation that passes over memory once.

    Keras composes Adam of ten operations, each with a pass over memory. With small batches they
    take a tenth of a training step; this takes half of that (``benchmarks/step_speed.md``). Weights
    must be float32 and gradients dense. Checkpoints are compatible with Keras' Adam.
    """

    def _backend_update_step(
        self,
        grads: list[tf.Tensor],
        trainable_variables: list[keras.Variable],
        learning_rate: tf.Tensor,
    ) -> None:
        """Update the weights, of several replicas the copies of this one.

        Keras would average gradients here, which it can't at every n-th step only: they are
        averages over the replicas already.
        """
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable.value, learning_rate)

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Update a weight and its two moments."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, tf.float32),
        )
