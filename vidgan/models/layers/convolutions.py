"""Keras' convolutions of clips, with gradients that are exact in bfloat16 and fast on a CPU.

TensorFlow's gradient of a bias adds bfloat16 numbers in bfloat16, so it loses all but the first few
hundred, and takes several times as long as needed. The layers have the names and variables of
Keras' layers.
"""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from vidgan.models.layers import paired_columns
from vidgan.models.layers.sums import sum_pixels

# The most output channels for which the gradient is that of the transposed convolution.
FEW_CHANNELS = 8
_STRIDES, _PADDING = (1, 1, 1, 1, 1), "SAME"


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _add_bias(inputs: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Any]:
    def gradients(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return output, tf.cast(tf.reduce_sum(sum_pixels(output), axis=0), output.dtype)

    return tf.nn.bias_add(inputs, bias), gradients


def _swap(kernel: tf.Tensor) -> tf.Tensor:
    """Return the kernel of the transposed convolution: mirrored, inputs and outputs swapped."""
    return tf.reverse(tf.transpose(kernel, (0, 1, 2, 4, 3)), (0, 1, 2))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _convolve(inputs: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Convolve with stride 1, the padding "same" and an odd kernel, to few channels.

    The gradient of the kernel is computed as that of the transposed convolution, which has the few
    channels as its input instead of its output: oneDNN is four times as fast at that.
    """

    def gradients(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        swapped = _swap(kernel)
        of_kernel = tf.raw_ops.Conv3DBackpropFilterV2(
            input=output,
            filter_sizes=tf.shape(swapped),
            out_backprop=inputs,
            strides=_STRIDES,
            padding=_PADDING,
        )
        return tf.nn.conv3d(output, swapped, _STRIDES, _PADDING), _swap(of_kernel)

    return tf.nn.conv3d(inputs, kernel, _STRIDES, _PADDING), gradients


@keras.saving.register_keras_serializable(package="vidgan")
class Conv3D(layers.Conv3D):
    """Keras' layer, for clips ``(batch, frames, height, width, channels)``."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Return the convolution, without the bias."""
        *size, inner, outer = kernel.shape
        few = outer < inner and outer <= FEW_CHANNELS
        simple = self.padding == "same" and set(self.dilation_rate) == {1} and self.groups == 1
        if few and simple and set(self.strides) == {1} and all(side % 2 for side in size):
            return _convolve(*map(tf.convert_to_tensor, (inputs, kernel)))
        places = zip(inputs.shape[1:-1], self.strides, strict=True)
        whole = all(count is not None and count % stride == 0 for count, stride in places)
        if simple and whole and paired_columns.suits(kernel, self.strides):
            large, weights = map(tf.convert_to_tensor, (inputs, kernel))
            return paired_columns.shrink(large, weights, self.strides)
        return super().convolution_op(inputs, kernel)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Convolve, add the bias, and apply the activation."""
        return _finish(self, self.convolution_op(inputs, self.kernel))


@keras.saving.register_keras_serializable(package="vidgan")
class Conv3DTranspose(layers.Conv3DTranspose):
    """Keras' layer, for clips ``(batch, frames, height, width, channels)``."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Convolve, add the bias, and apply the activation."""
        return _finish(self, self._convolve(inputs))

    def _convolve(self, inputs: tf.Tensor) -> tf.Tensor:
        simple = self.padding == "same" and set(self.dilation_rate) == {1}
        if (
            simple
            and self.output_padding is None
            and paired_columns.suits(self.kernel, self.strides)
        ):
            small, weights = map(tf.convert_to_tensor, (inputs, self.kernel))
            return paired_columns.enlarge(small, weights, self.strides)
        return keras.ops.conv_transpose(
            inputs,
            self.kernel,
            strides=list(self.strides),
            padding=self.padding,
            output_padding=self.output_padding,
            dilation_rate=self.dilation_rate,
        )


def _finish(layer: layers.Layer, outputs: tf.Tensor) -> tf.Tensor:
    if layer.use_bias:
        outputs = _add_bias(*map(tf.convert_to_tensor, (outputs, layer.bias)))
    return outputs if layer.activation is None else layer.activation(outputs)
