"""Convolutions over time compared with recurrent networks, for ``vidgan train --task enhance``.

    python benchmarks/recurrent.py DATASET --output FOLDER [--minutes 5] [--only window ...]

The network of the task sees a window of frames through convolutions over time. It is trained as in
``benchmarks/enhance.py``, for x4 super-resolution and the given minutes of CPU time, and compared
with networks of about the same number of multiplications per frame:

- frames: each frame alone (a block costs a third, so there are twice as many);
- recurrent: blocks on a frame, its two neighbours and the features of the previous frame (as in
  RLSP, arXiv 1909.08080);
- both ways: the same backwards in time, then forwards (as in BasicVSR, arXiv 2012.02181, without
  optical flow), with half of the blocks each.

Prints the table in enhance.md.
"""

from collections.abc import Callable, Sequence
from typing import Any

import enhance
import keras
import tensorflow as tf
from keras import layers

from vidgan.dataset.manifest import Manifest
from vidgan.models import flops, restorer
from vidgan.training.run import Run

SCALE = 4
# Of vidgan train.
OPTIONS: dict[str, Any] = {"scale": SCALE, "damage": "none"}
# For networks without convolutions over time, which cost three times as much.
FRAME_BLOCKS = 12
FRAMES = enhance.FRAMES


@keras.saving.register_keras_serializable("vidgan-benchmarks")
class Recurrent(layers.Layer):
    """Residual blocks on each frame, its neighbours and the features of the previous frame.

    Args:
        channels: number of channels of the blocks.
        blocks: number of blocks.
        backwards: whether to run from the last frame to the first.
    """

    def __init__(self, channels: int, blocks: int, backwards: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels, self.order = channels, -1 if backwards else 1

        def convolution(name: str, kernel: str = "he_normal") -> layers.Layer:
            return layers.Conv2D(channels, 3, padding="same", kernel_initializer=kernel, name=name)

        self.entry = convolution("entry")
        # Zeros: with random weights the state grows from frame to frame.
        self.carry = convolution("carry", "zeros")
        self.pairs = [(convolution(f"a{i}"), convolution(f"b{i}", "zeros")) for i in range(blocks)]

    def build(self, shape: tuple[int | None, int | None, int | None, int | None, int]) -> None:
        """Build the convolutions for clips of a shape."""
        batch, _, height, width, channels = shape
        self.entry.build((batch, height, width, 3 * channels))
        for layer in (self.carry, *(each for pair in self.pairs for each in pair)):
            layer.build((batch, height, width, self.channels))

    def call(self, clips: tf.Tensor) -> tf.Tensor:
        """Return features ``(batch, frames, height, width, channels)``."""
        frames = tf.unstack(clips, axis=1)
        padded = [frames[0], *frames, frames[-1]]
        windows = [tf.concat(padded[i : i + 3], axis=-1) for i in range(len(frames))]
        state = tf.zeros_like(clips[:, 0, :, :, :1]) + tf.zeros(self.channels, clips.dtype)
        states = []
        for window in windows[:: self.order]:
            entry = state = self.entry(window) + self.carry(state)
            for first, second in self.pairs:
                state += second(tf.nn.relu(first(state)))
            state += entry
            states.append(state)
        return tf.stack(states[:: self.order], axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        return (*input_shape[:-1], self.channels)


def frame_features(damaged: Any, channels: int) -> Any:
    """Return features of each frame alone."""
    return restorer.residual_blocks(damaged, channels, FRAME_BLOCKS, kernel_frames=1)


def recurrent_features(damaged: Any, channels: int) -> Any:
    """Return features of a forward recurrence."""
    return Recurrent(channels, FRAME_BLOCKS - 1, backwards=False)(damaged)


def both_ways_features(damaged: Any, channels: int) -> Any:
    """Return features of a backward recurrence followed by a forward one."""
    future = Recurrent(channels, FRAME_BLOCKS // 2 - 1, backwards=True)(damaged)
    known = layers.Concatenate()([damaged, future])
    return Recurrent(channels, FRAME_BLOCKS // 2 - 1, backwards=False)(known)


def with_features(
    features: Callable[[Any, int], Any],
) -> Callable[..., keras.Model]:
    """Return a replacement of :func:`vidgan.models.restorer.generator` for fixed lengths."""

    def generator(
        scale: int,
        channels: int,
        blocks: int,
        frames: int | None = None,
        height: int | None = None,
        width: int | None = None,
    ) -> keras.Model:
        damaged = keras.Input((frames, height, width, 3), name="damaged")
        return restorer.build_from_features(damaged, features(damaged, channels), scale, channels)

    return generator


NETWORKS = {
    "window": restorer.generator,
    "frames": with_features(frame_features),
    "recurrent": with_features(recurrent_features),
    "both ways": with_features(both_ways_features),
}


def main(arguments: Sequence[str] | None = None) -> None:
    args = enhance.options(__doc__, tuple(NETWORKS)).parse_args(arguments)
    manifest = Manifest.load(args.dataset)
    recipe = enhance.Recipe(OPTIONS, {})
    print("| network | MFLOP a frame | steps | PSNR, dB | SSIM | perceptual | tOF |")
    print("|---|---|---|---|---|---|---|")
    for name in args.only:
        run = args.output / name.replace(" ", "-")
        restorer.generator = NETWORKS[name]
        if not run.exists():
            enhance.train(args.dataset, run, args.minutes, recipe.options)
        *_, row = enhance.measure(name, recipe, run, manifest, args.clips)
        network = NETWORKS[name](SCALE, 32, 6, FRAMES, 16, 16)
        cost = flops.network_flops(network) / FRAMES / 1e6
        steps = Run.open(run, task="enhance").state()["step"]
        print(f"| {name} | {cost:.0f} | {steps} |{row.split('|', 2)[2]}", flush=True)


if __name__ == "__main__":
    main()
