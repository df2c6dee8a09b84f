"""Inception v3 on single frames, for Fréchet and kernel inception distances (FID, KID).

The features are the 2,048 numbers after the last pooling layer (arXiv 1512.00567). The weights are
those of ``keras.applications``, trained on ImageNet. FID (arXiv 1706.08500) and KID (arXiv
1801.01401) were defined with other weights of almost the same network, that of 2015 with 1,008
outputs, whose last block has maximum pooling instead of average pooling. Do not compare results on
the two.

Frames are resized to 299 × 299 bilinearly with half-pixel centres, and with antialiasing where they
shrink, without which FID depends on the implementation (arXiv 2104.11222).
"""

from pathlib import Path

from vidgan import pixels, runtime
from vidgan.metrics.features import weights
from vidgan.metrics.features.base import Embed, Features
from vidgan.metrics.features.frame_network import frame_embedding

SIDE = 299
DIM = 2048
# The weights that Keras publishes, without the top, and their hash.
FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{FILE}"
MD5 = "bcbd6486424b2319ff4ef7d526e38f63"


def require(path: Path | None) -> None:
    """Check that a file of weights exists; None stands for the published ones.

    Raises:
        InputError: no such file.
        OptionError: the file is not ``.h5``.
    """
    if path is not None:
        weights.require_hdf5(path)


def build(path: Path | None) -> Embed:
    """Return the embedding, with the weights of a file or the published ones.

    Raises:
        InputError: the file is not of this network, or the published one cannot be downloaded.
    """
    runtime.prepare()
    import keras

    # Before building the network, which takes seconds.
    path = path or weights.fetch(FILE, URL, MD5)
    with runtime.precision("float32"):
        model = keras.applications.InceptionV3(
            include_top=False, weights=None, input_shape=(SIDE, SIDE, 3), pooling="avg"
        )
    weights.load_hdf5(model, path)
    return frame_embedding(model, SIDE, pixels.to_model)


INCEPTION = Features(
    name="inception",
    distance="Fréchet inception distance of frames (FID)",
    caution=", not with the weights of published results",
    description="Inception v3 of keras.applications on frames. Downloaded once, or --weights.",
    unit="frame",
    dim=DIM,
    min_frames=1,
    side=SIDE,
    build=build,
    needs_weights=True,
    require=require,
    batch=2,
)
