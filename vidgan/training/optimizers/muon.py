"""Muon: orthogonalised updates of the kernels of convolutions."""

import math

import keras
import tensorflow as tf

from vidgan.training.optimizers.adam import FusedAdam

# Newton–Schulz iteration with the polynomial a x + b x³ + c x⁵, which maps singular values in
# (0, 1] close to 1 in a few rounds (Keller Jordan's Muon, 2024).
_A, _B, _C, _ROUNDS = 3.4445, -4.7750, 2.0315, 5
# Root mean square of Adam's updates, relative to its learning rate. With updates of the same size,
# the same learning rates suit both (arXiv 2502.16982).
_LIKE_ADAM = 0.2


class Muon(FusedAdam):
    """Muon for kernels, Adam for all other weights and for kernels whose outputs are pixels.

    A kernel is a matrix from its inputs to its channels. Its mean gradient is dominated by a few
    singular directions, to which Adam's updates are mostly limited; Muon's updates have equal
    singular values. The last kernel and those to three channels make pixels, for which Adam works
    better. Decays and learning rate have the same meaning as for Adam, and checkpoints the
    same format.
    """

    def build(self, variables: list[keras.Variable]) -> None:
        """Create the moments, and find the kernels."""
        super().build(variables)
        kernels = [v for v in variables if v.name == "kernel"]
        self._kernels = {
            self._get_variable_index(kernel) for kernel in kernels[:-1] if kernel.shape[-1] != 3
        }

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Update a weight."""
        index = self._get_variable_index(variable)
        if index not in self._kernels:
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = tf.cast(gradient, tf.float32)
        momentum = self._momentums[index].value
        average = momentum.assign_add((1 - self.beta_1) * (gradient - momentum))
        ahead = gradient + self.beta_1 * (average - gradient)
        matrix = tf.reshape(ahead, (-1, variable.shape[-1]))
        length = _LIKE_ADAM * math.sqrt(max(matrix.shape))
        step = tf.reshape(orthogonalize(matrix), variable.shape)
        variable.assign_sub(length * tf.cast(learning_rate, tf.float32) * step)


def orthogonalize(matrix: tf.Tensor) -> tf.Tensor:
    """Return a matrix with the same singular vectors and singular values close to 1.

    The Newton–Schulz iteration runs on the smaller Gram matrix of ``matrix``, as each round is a
    polynomial of it. So only two products with the matrix itself, which may be a hundred times as
    large, are needed instead of ten.

    Args:
        matrix: float32 ``(rows, columns)``, of static shape.

    Returns:
        A matrix of the same shape with singular values between 0.7 and 1.2, except that those below
        a thousandth of the largest stay small.
    """
    rows, columns = matrix.shape
    tall = rows > columns
    matrix = matrix / (tf.norm(matrix) + 1e-7)
    gram = tf.matmul(matrix, matrix, transpose_a=tall, transpose_b=not tall)
    identity = product = tf.eye(min(rows, columns))
    for _ in range(_ROUNDS):
        factor = _A * identity + _B * gram + _C * tf.matmul(gram, gram)
        product = tf.matmul(factor, product)
        gram = tf.matmul(tf.matmul(factor, gram), factor)
    return tf.matmul(matrix, product) if tall else tf.matmul(product, matrix)
