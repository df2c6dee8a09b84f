"""Embeddings of clips and frames by convolutions with fixed random weights; no download.

Frames are resized to 64 × 64 and converted to luma and chroma. Three streams (the frames, their
high-pass filtered detail and, for clips, temporal differences) each pass three random convolutions
with ReLU; the logarithms of the mean and standard deviation of each channel over space and time are
projected at random to 64 numbers. The weights come from NumPy's Philox generator, so they are the
same on all machines; the features agree between machines to float32 precision, and on one machine
bit for bit.
"""

from functools import cache
from typing import Any

import numpy as np

from vidgan import pixels, runtime
from vidgan.metrics.features.base import Embed, Features, resized

SIDE = 64
DIM = 64

_SEED = 0
_WIDTHS = (16, 24, 32)
_KERNELS = (5, 3, 3)
# Weights of the streams. That of motion is larger, so that temporal degradations count beside good
# frames (the content bias of FVD described in arXiv 2404.12391).
_WEIGHTS = {"appearance": 1.0, "detail": 1.0, "motion": 1.5}
ALL_STREAMS = ("appearance", "detail", "motion")
FRAME_STREAMS = ("appearance", "detail")
# Factors that bring spatial and temporal differences to the scale of the frames, and chroma to that
# of luma.
_GAIN = 4.0
_CHROMA = 3.0
_OPPONENT = np.array(
    [[0.30, 0.59, 0.11], [0.5, -0.5, 0.0], [-0.25, -0.25, 0.5]], np.float32
) * np.array([[1.0], [_CHROMA], [_CHROMA]], np.float32)
# Added before the logarithm, which makes the features sensitive to relative changes.
_FLOOR = 0.01


def _weights(
    streams: tuple[str, ...], frames: int, dim: int
) -> tuple[dict[str, list[np.ndarray]], np.ndarray]:
    """Draw the kernels of each stream, and the projection ``(features, dim)``."""
    random = np.random.Generator(np.random.Philox(_SEED))
    kernels: dict[str, list[np.ndarray]] = {}
    for stream in streams:
        channels, layers = 3, []
        for width, side in zip(_WIDTHS, _KERNELS, strict=True):
            kernel = random.standard_normal((frames, side, side, channels, width))
            kernel /= np.sqrt(np.square(kernel).sum(axis=(0, 1, 2, 3)))
            layers.append(kernel.astype(np.float32))
            channels = width
        kernels[stream] = layers
    pooled = 2 * sum(_WIDTHS)
    projection = random.standard_normal((pooled * len(streams), dim))
    scale = np.repeat([_WEIGHTS[stream] for stream in streams], pooled)
    projection *= scale[:, None] / np.sqrt(np.square(scale).sum())
    return kernels, projection.astype(np.float32)


@cache
def random_network(streams: tuple[str, ...], frames: int, dim: int = DIM) -> Any:
    """Return the compiled network: uint8 ``(n, frames, 64, 64, 3)`` → float32 ``(n, dim)``.

    Args:
        streams: names of the streams.
        frames: temporal size of the kernels.
        dim: length of a feature vector.
    """
    runtime.prepare()
    import tensorflow as tf

    kernels, projection = _weights(streams, frames, dim)

    def pooled(values: Any, layers: list[np.ndarray]) -> list[Any]:
        features = []
        for depth, kernel in enumerate(layers):
            in_time = 1 if depth == 0 else 2
            values = tf.nn.conv3d(values, kernel, (1, in_time, 2, 2, 1), "SAME")
            values = tf.nn.relu(values) * np.float32(np.sqrt(2))
            mean, variance = tf.nn.moments(values, (1, 2, 3))
            features += [tf.math.log(mean + _FLOOR), tf.math.log(tf.sqrt(variance) + _FLOOR)]
        return features

    def blurred(frames: Any) -> Any:
        flat = tf.reshape(frames, (-1, SIDE, SIDE, 3))
        return tf.reshape(tf.nn.avg_pool2d(flat, 3, 1, "SAME"), tf.shape(frames))

    def view(stream: str, frames: Any) -> Any:
        if stream == "motion":
            return (frames[:, 1:] - frames[:, :-1]) * _GAIN
        return frames if stream == "appearance" else (frames - blurred(frames)) * _GAIN

    def embed(clips: Any) -> Any:
        frames = tf.tensordot(pixels.to_model(clips), _OPPONENT.T, 1)
        features = [
            part for stream in streams for part in pooled(view(stream, frames), kernels[stream])
        ]
        return tf.matmul(tf.concat(features, axis=1), projection)

    signature = [tf.TensorSpec((None, None, SIDE, SIDE, 3), tf.uint8)]
    return tf.function(embed, input_signature=signature, autograph=False)


def _build_3d() -> Embed:
    network = random_network(ALL_STREAMS, 3)
    return lambda clips: network(resized(clips, SIDE)).numpy()


def _build_2d() -> Embed:
    """Return the embedding of frames: each is a clip of its own, and kernels cover one frame."""
    network = random_network(FRAME_STREAMS, 1)
    return lambda clips: network(resized(clips, SIDE).reshape(-1, 1, SIDE, SIDE, 3)).numpy()


RANDOM3D = Features(
    name="random3d",
    distance="random-feature Fréchet distance (RFD)",
    caution=", not FVD",
    description="Statistics of 3-D convolutions with fixed random weights; no download.",
    unit="clip",
    dim=DIM,
    min_frames=4,
    side=SIDE,
    build=_build_3d,
)
RANDOM2D = Features(
    name="random2d",
    distance="random-feature Fréchet distance of frames (RFD-2D)",
    caution=", not FID",
    description="The same for single frames, insensitive to motion.",
    unit="frame",
    dim=DIM,
    min_frames=1,
    side=SIDE,
    build=_build_2d,
)
