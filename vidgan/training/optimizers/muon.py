"""Muon: steps that go equally far in all directions of a convolution's kernel."""

import math

import keras
import tensorflow as tf

from vidgan.training.optimizers.adam import FusedAdam

# Of the polynomial a x + b x³ + c x⁵, which brings any singular value from 0 to 1 near to 1 in so
# few rounds (Keller Jordan's Muon, 2024).
_A, _B, _C, _ROUNDS = 3.4445, -4.7750, 2.0315, 5
# The root of the mean square of what Adam moves weights by, over its learning rate; with steps of
# the same length the same rates do for both (2502.16982).
_LIKE_ADAM = 0.2


class Muon(FusedAdam):
    """Muon for the kernels of all convolutions but the last, Adam for everything else.

    A kernel is a matrix from what it sees to its channels. The average of its gradients is large
    along a few directions, and those are the only ones that Adam moves it along; Muon goes equally
    far along all. The last convolution's outputs are pixels, which are not to be mixed like
    features. Decays and learning rate mean what they mean to Adam, and checkpoints are the same.
    """

    def build(self, variables: list[keras.Variable]) -> None:
        """Make room for the moments; see which weights are kernels."""
        super().build(variables)
        kernels = [v for v in variables if len(v.shape) == 5]
        self._kernels = {self._get_variable_index(kernel) for kernel in kernels[:-1]}

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Move a weight."""
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
        step = tf.reshape(orthogonalised(matrix), variable.shape)
        variable.assign_sub(length * tf.cast(learning_rate, tf.float32) * step)


def orthogonalised(matrix: tf.Tensor) -> tf.Tensor:
    """Return a matrix with the same singular vectors whose singular values are near to 1.

    Newton and Schulz's rounds are done on the smaller of the matrix's two Gram matrices, of which
    each is a polynomial; the matrix itself, which may be a hundred times as large, is multiplied
    with twice instead of ten times.

    Args:
        matrix: float32 ``(rows, columns)``, of known shape.

    Returns:
        The same shape; singular values from 0.7 to 1.2, but for those below a thousandth of the
        largest, which stay small.
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
