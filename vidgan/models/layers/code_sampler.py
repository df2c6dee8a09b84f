"""A sampler of latent codes that is fitted to the codes of real clips."""

import keras
import tensorflow as tf

from vidgan.models.layers.float32 import Float32Layer

# Number of codes that are kept, or all of a shorter training.
SIZE = 512
# Neighbours whose differences to a code span the directions in which samples deviate from it.
NEIGHBOURS = 16


@keras.saving.register_keras_serializable("vidgan")
class CodeSampler(Float32Layer):
    """Maps noise to a code near those of real clips.

    It keeps a queue (MoCo, arXiv 1911.05722) of the codes of recent training clips. A sample is one
    of these codes, moved at random along the differences to its nearest neighbours: a Gaussian
    mixture with one component for each clip, whose covariance follows the local shape of the
    distribution. To fit a density to the codes after the fact, instead of forcing codes to be
    normal, is proposed in arXiv 1903.12436.

    Inputs are a dict:

    - ``anchor``, float32 ``(batch, SIZE)``: weights of the codes, one-hot for a sample; others
      interpolate between clips.
    - ``latent``, float32 ``(batch, dim)``: normal noise.
    - ``label``, int32 ``(batch,)``, with ``classes`` only: a code of this label is taken.

    The output is the code, float32 ``(batch, dim)``.

    Args:
        dim: length of a code.
        classes: number of labels; 0 for none.
    """

    def __init__(self, dim: int, classes: int = 0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.dim, self.classes = dim, classes

    def build(self, input_shape: object) -> None:
        """Create the queues, one for each label."""
        queues = max(1, self.classes)
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.codes = self.add_weight(
            shape=(queues, SIZE, self.dim), initializer=normal, trainable=False, name="codes"
        )
        self.count = self.add_weight(
            shape=(queues,), dtype="int32", initializer="zeros", trainable=False, name="count"
        )

    def enqueue(self, codes: tf.Tensor, labels: tf.Tensor | None = None) -> None:
        """Add the codes of a batch; they replace the oldest ones.

        Args:
            codes: float32 ``(batch, dim)``.
            labels: int32 ``(batch,)``, with ``classes`` only.
        """
        queues = tf.zeros_like(codes[:, 0], tf.int32) if labels is None else labels
        # Clips of the same label in a batch take consecutive places.
        same = tf.cast(queues[:, None] == queues[None, :], tf.int32)
        before = tf.reduce_sum(tf.linalg.band_part(same, -1, 0), axis=1) - 1
        counts = tf.convert_to_tensor(self.count)
        places = (tf.gather(counts, queues) + before) % SIZE
        indices = tf.stack([queues, places], axis=1)
        self.codes.assign(tf.tensor_scatter_nd_update(self.codes, indices, codes))
        added = tf.math.bincount(queues, minlength=counts.shape[0], maxlength=counts.shape[0])
        # Only the remainder and whether the queue is full matter; no overflow in long trainings.
        total = counts + tf.cast(added, tf.int32)
        self.count.assign(tf.where(total >= 2 * SIZE, total - SIZE, total))

    def call(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return the codes of a batch; see the class."""
        anchor, noise = inputs["anchor"], inputs["latent"]
        label = inputs["label"] if self.classes else tf.zeros_like(anchor[:, 0], tf.int32)
        count = tf.gather(self.count, label)[:, None]
        # Random codes before the first step; a queue that is not full is repeated.
        filled = tf.where(count == 0, SIZE, tf.minimum(count, SIZE))
        places = tf.range(SIZE)[None, :] % filled
        codes = tf.gather(tf.gather(self.codes, label), places, batch_dims=1)
        return self._near(codes, tf.einsum("bn,bnd->bd", anchor, codes), noise)

    def stored(self, label: int = 0) -> tf.Tensor:
        """Return the codes of real clips that are kept, float32 ``(n, dim)``.

        Args:
            label: of the clips, with ``classes`` only.
        """
        count = tf.convert_to_tensor(self.count)[label]
        # Random codes before the first step, as for samples.
        return self.codes[label][: tf.where(count == 0, SIZE, tf.minimum(count, SIZE))]

    def vary(self, code: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Return a code moved as the nearest codes of all queues differ from their mean.

        Unlike a sample's, the code need not be one of the queues.

        Args:
            code: float32 ``(batch, dim)``.
            noise: float32 ``(batch, dim)``, normal.
        """
        counts = tf.convert_to_tensor(self.count)[:, None]
        # Random codes before the first step, as for samples.
        known = tf.range(SIZE)[None, :] < tf.where(tf.reduce_sum(counts) == 0, SIZE, counts)
        codes = tf.boolean_mask(self.codes, known)
        distances = tf.reduce_sum(tf.square(codes - code[:, None]), axis=-1)
        count = tf.minimum(tf.shape(codes)[0], min(NEIGHBOURS, noise.shape[-1]))
        _, nearest = tf.math.top_k(-distances, count)
        near = tf.gather(codes, nearest)
        directions = near - tf.reduce_mean(near, axis=1, keepdims=True)
        moved = tf.einsum("bk,bkd->bd", noise[:, :count], directions)
        return code + moved / tf.sqrt(tf.cast(count, tf.float32))

    @staticmethod
    def _near(codes: tf.Tensor, code: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Move ``(batch, dim)`` along differences to the nearest of ``(batch, n, dim)``."""
        distances = tf.reduce_sum(tf.square(codes - code[:, None]), axis=-1)
        # The nearest one is the code itself.
        count = min(NEIGHBOURS, noise.shape[-1])
        _, nearest = tf.math.top_k(-distances, count + 1)
        directions = tf.gather(codes, nearest[:, 1:], batch_dims=1) - code[:, None]
        return code + tf.einsum("bk,bkd->bd", noise[:, :count], directions) / count**0.5

    def compute_output_shape(
        self, input_shape: dict[str, tuple[int | None, ...]]
    ) -> tuple[int | None, ...]:
        """Return the shape of the codes."""
        return input_shape["latent"]

    def get_config(self) -> dict[str, object]:
        """Return the arguments."""
        return {**super().get_config(), "dim": self.dim, "classes": self.classes}
