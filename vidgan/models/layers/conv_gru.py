"""A convolutional gated recurrent unit over frames."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="vidgan")
class ConvGRU(layers.Layer):
    """A GRU over frames with convolutions in place of matrix products (arXiv 1511.06432).

    The input is ``(batch, inputs, height, width, channels)``, static except for the batch; the
    output is the states ``(batch, frames, height, width, filters)`` in [-1, 1]. Inputs are spread
    evenly from the first to the last frame, and their contributions to the gates are interpolated
    linearly in between. The initial state is the candidate of the first input: from zero, the first
    frames would fade in.

    Args:
        filters: channels of the state.
        frames: number of states.
        kernel_size: height and width of the kernels.
        **kwargs: arguments of ``keras.layers.Layer``.
    """

    def __init__(self, filters: int, frames: int, kernel_size: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters, self.frames, self.kernel_size = filters, frames, kernel_size

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Create the kernels of input and state, each for update, reset and candidate."""
        size = (self.kernel_size, self.kernel_size)

        def kernel(name: str, channels: int, filters: int) -> keras.Variable:
            return self.add_weight(
                name=name, shape=(*size, channels, filters), initializer="glorot_normal"
            )

        self.input_kernel = kernel("input_kernel", input_shape[-1], 3 * self.filters)
        self.state_kernel = kernel("state_kernel", self.filters, 3 * self.filters)
        self.bias = self.add_weight(name="bias", shape=(3 * self.filters,), initializer="zeros")

    def call(self, x: Any) -> Any:
        """Return the states of all frames."""
        _, inputs, height, width, channels = x.shape
        # Contributions of the inputs do not depend on the state: one convolution for all of them.
        frames = ops.reshape(x, (-1, height, width, channels))
        given = ops.conv(frames, self.input_kernel, padding="same") + self.bias
        given = ops.reshape(given, (-1, inputs, height, width, 3 * self.filters))
        states = [ops.tanh(given[:, 0, ..., 2 * self.filters :])]
        for frame in range(1, self.frames):
            place = frame * (inputs - 1) / (self.frames - 1)
            before, fraction = int(place), place % 1
            now = given[:, before]
            if fraction > 0:
                now += fraction * (given[:, before + 1] - now)
            update, reset, candidate = ops.split(now, 3, axis=-1)
            own = ops.conv(states[-1], self.state_kernel, padding="same")
            own_update, own_reset, own_candidate = ops.split(own, 3, axis=-1)
            # Resetting after the convolution, as Keras' GRU: one convolution for each frame.
            proposed = ops.tanh(candidate + ops.sigmoid(reset + own_reset) * own_candidate)
            update = ops.sigmoid(update + own_update)
            states.append(states[-1] + update * (proposed - states[-1]))
        return ops.stack(states, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the states."""
        batch, _, height, width, _ = input_shape
        return (batch, self.frames, height, width, self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "frames": self.frames,
            "kernel_size": self.kernel_size,
        }
