"""Spectral normalisation of any network (arXiv 1802.05957).

The kernel of a convolution or dense layer, as a matrix from the inputs of one output position to
the outputs, is divided by its largest singular value. Each forward pass in training takes one step
of power iteration to estimate it. The gradient flows through the division.

In a network of such layers the signal fades from layer to layer, which a discriminator tolerates
and batch normalisation in a generator compensates. The generators here have no normalisation, so
their kernels are rescaled to the norm of a kernel with He initialisation, which preserves the
signal.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
_NORMALISED = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D, *_TRANSPOSED)
# Squared lengths below this are zero: a kernel of zeros has no direction.
_EPSILON = 1e-24


def apply_spectral_norm(network: keras.Model, sustained: bool = False) -> keras.Model:
    """Return a copy of a network with spectral normalisation, newly initialised.

    Dense layers, convolutions and transposed convolutions are normalised, also those of nested
    models; embeddings and the weights of custom layers are not. Outside of training no state
    changes, so that the output is a function of the input.

    Args:
        network: a functional model, of any precision.
        sustained: use the norm of He initialisation, which preserves the signal, instead of 1.
    """

    def clone(layer: keras.Layer) -> keras.Layer:
        copy = type(layer).from_config(layer.get_config())
        if not isinstance(layer, _NORMALISED):
            return copy
        return SpectralNorm(copy, sustained, name=layer.name)

    return keras.models.clone_model(network, clone_function=clone, recursive=True)


@keras.saving.register_keras_serializable(package="vidgan")
class SpectralNorm(layers.Wrapper):
    """Calls a layer with its kernel divided by the kernel's largest singular value.

    Args:
        layer: a dense layer or a convolution, transposed or not, without an activation.
        sustained: whether the quotient is multiplied by the norm of a newly initialised kernel.
        dtype: dtype of the singular value.
        **options: arguments of ``keras.layers.Layer``.

    Attributes:
        vector: float32 ``(outputs,)``: the unit vector of the power iteration.
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
        """Build the layer and a random start vector."""
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
        """Return the expected largest singular value of a kernel with He initialisation."""
        rows = np.prod(self.layer.kernel.shape) / outputs
        # In a transposed convolution, one in prod(strides) taps contributes to an output.
        fan_in = rows / (np.prod(self.layer.strides) if self.transposed else 1)
        return float(np.sqrt(2 / fan_in) * (np.sqrt(rows) + np.sqrt(outputs)))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Call the layer; in training, update the power iteration.

        The layer is linear, so scaling its input is equivalent to scaling its kernel. In training
        the smaller of both is scaled; outside of it always the kernel, so that the output does not
        depend on the size of the batch.
        """
        kernel = tf.convert_to_tensor(self.layer.kernel.value)
        size, vector = self._largest(kernel, tf.convert_to_tensor(self.vector.value))
        if training:
            self.vector.assign(vector)
        scale = self.norm / size
        entries = inputs.shape.num_elements()
        if training and entries is not None and entries < kernel.shape.num_elements():
            # In float32: the gradient of the scale is a sum that may overflow in float16.
            return self.layer(tf.cast(tf.cast(inputs, "float32") * scale, inputs.dtype))
        # All variables: a scope hides the values of an enclosing scope.
        values = {variable.path: variable.value for variable in self.layer.variables}
        values[self.layer.kernel.path] = kernel * scale
        mapping = [(variable, values[variable.path]) for variable in self.layer.variables]
        with keras.StatelessScope(state_mapping=mapping):
            return self.layer(inputs)

    def _largest(self, kernel: tf.Tensor, vector: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Take a step of power iteration.

        Returns:
            The largest singular value, differentiable, and the vector after the step. A kernel of
            zeros has a value of 1 and does not change the vector.
        """
        # (taps, outputs, inputs) or (taps · inputs, outputs): without transposing the kernel in
        # memory, which would be slower.
        shape = (-1, *kernel.shape[-2:]) if self.transposed else (-1, kernel.shape[-1])
        matrices = tf.reshape(kernel, shape)
        back = tf.matmul(matrices, vector[:, None], transpose_a=self.transposed)
        back = tf.math.l2_normalize(tf.stop_gradient(back), epsilon=_EPSILON)
        # As `back` is constant, the gradient of this length is that of the singular value.
        forth = tf.matmul(matrices, back, transpose_a=not self.transposed)
        forth = tf.reduce_sum(forth, (0, 2) if self.transposed else 1)
        square = tf.reduce_sum(tf.square(forth))
        exists = square > _EPSILON
        size = tf.sqrt(tf.where(exists, square, 1.0))
        return size, tf.stop_gradient(tf.where(exists, forth / size, vector))

    def compute_output_spec(
        self, inputs: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        """Return the output of the wrapped layer."""
        return self.layer.compute_output_spec(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "sustained": self.sustained}
