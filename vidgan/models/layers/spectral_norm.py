"""Spectral normalisation of any network (arXiv 1802.05957).

A convolution's or dense layer's kernel, seen as a matrix from all that one output sees to the
outputs, is divided by its largest singular value. A step of power iteration at each training
forward follows that value; the gradient goes through the division, so the kernel itself is free
and the optimizer sees what its change does to the normalised one.

A network of such layers lets its signal fade from layer to layer. A discriminator can live with
that, and a generator with batch normalisation does not notice. The generators here have none:
theirs are held at the norm of a fresh layer that passes the signal on (He initialisation).
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
_NORMALISED = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D, *_TRANSPOSED)
# A squared length that is nothing: beside it a kernel of zeros has no direction.
_NOTHING = 1e-24


def normalised(network: keras.Model, sustained: bool = False) -> keras.Model:
    """Return the same network, newly initialised, with a fixed spectral norm in each layer.

    Dense layers, convolutions and transposed convolutions are normalised, also those of models
    within the model; embeddings and what custom layers hold are not. Outside of training nothing
    changes, so that the output is a function of the input.

    Args:
        network: a functional model, of any precision.
        sustained: whether the norms are such that the signal keeps its strength, instead of 1.
    """

    def clone(layer: keras.Layer) -> keras.Layer:
        again = type(layer).from_config(layer.get_config())
        if not isinstance(layer, _NORMALISED):
            return again
        return SpectralNorm(again, sustained, name=layer.name)

    return keras.models.clone_model(network, clone_function=clone, recursive=True)


@keras.saving.register_keras_serializable(package="vidgan")
class SpectralNorm(layers.Wrapper):
    """Calls a layer with its kernel divided by the kernel's largest singular value.

    Args:
        layer: a dense layer or a convolution, transposed or not, without an activation.
        sustained: whether the quotient is multiplied by the norm of a fresh kernel.
        dtype: of the singular value.
        **options: of ``keras.layers.Layer``.

    Attributes:
        vector: float32 ``(outputs,)``: where power iteration has come to, of length 1.
    """

    def __init__(
        self,
        layer: keras.Layer,
        sustained: bool = False,
        dtype: Any = "float32",
        **options: Any,
    ) -> None:
        super().__init__(layer, dtype=dtype, autocast=False, **options)
        self.sustained = sustained
        self.transposed = isinstance(layer, _TRANSPOSED)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Build the layer, and a random direction to start from."""
        super().build(input_shape)
        outputs = self.layer.kernel.shape[-2 if self.transposed else -1]
        self.vector = self.add_weight(
            shape=(outputs,),
            initializer=keras.initializers.RandomNormal(stddev=outputs**-0.5),
            trainable=False,
            dtype="float32",
            name="vector",
        )
        self.norm = self._fresh_norm(outputs) if self.sustained else 1.0

    def _fresh_norm(self, outputs: int) -> float:
        """Return the largest singular value to expect of a kernel of He's random numbers."""
        rows = np.prod(self.layer.kernel.shape) / outputs
        # A transposed convolution spreads its taps: each output sees one in so many.
        seen = rows / (np.prod(self.layer.strides) if self.transposed else 1)
        return float(np.sqrt(2 / seen) * (np.sqrt(rows) + np.sqrt(outputs)))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Call the layer; follow the singular value when training.

        The layer is linear, so in training what goes into it is scaled where that is smaller than
        its kernel; elsewhere always its kernel, so that nothing depends on the size of the batch.
        """
        kernel = tf.convert_to_tensor(self.layer.kernel.value)
        size, vector = self._largest(kernel, tf.convert_to_tensor(self.vector.value))
        if training:
            self.vector.assign(vector)
        scale = self.norm / size
        entries = inputs.shape.num_elements()
        if training and entries is not None and entries < kernel.shape.num_elements():
            # In float32: the gradient of the scale is a sum that float16 cannot hold.
            return self.layer(tf.cast(tf.cast(inputs, "float32") * scale, inputs.dtype))
        # All variables: within a scope the values of one around it are not seen.
        values = {variable.path: variable.value for variable in self.layer.variables}
        values[self.layer.kernel.path] = kernel * scale
        mapping = [(variable, values[variable.path]) for variable in self.layer.variables]
        with keras.StatelessScope(state_mapping=mapping):
            return self.layer(inputs)

    def _largest(self, kernel: tf.Tensor, vector: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Take a step of power iteration.

        Returns:
            The largest singular value, differentiable, and the vector after the step. A kernel of
            zeros has a value of 1, and leaves the vector alone.
        """
        # (taps, outputs, inputs) or (taps · inputs, outputs); products of matrices as they lie in
        # memory are faster than one with a transposed kernel.
        shape = (-1, *kernel.shape[-2:]) if self.transposed else (-1, kernel.shape[-1])
        matrices = tf.reshape(kernel, shape)
        back = tf.matmul(matrices, vector[:, None], transpose_a=self.transposed)
        back = tf.math.l2_normalize(tf.stop_gradient(back), epsilon=_NOTHING)
        # With a fixed direction behind it, this length has the singular value's gradient.
        there = tf.matmul(matrices, back, transpose_a=not self.transposed)
        there = tf.reduce_sum(there, (0, 2) if self.transposed else 1)
        square = tf.reduce_sum(tf.square(there))
        exists = square > _NOTHING
        size = tf.sqrt(tf.where(exists, square, 1.0))
        return size, tf.stop_gradient(tf.where(exists, there / size, vector))

    def compute_output_spec(
        self, inputs: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        """Return the layer's."""
        return self.layer.compute_output_spec(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "sustained": self.sustained}
