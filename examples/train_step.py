"""The training step of a GAN, written out: two losses, two tapes, two optimizers.

vidgan preprocess input.mp4 --size 32x32 -o small
python examples/train_step.py small clips.png --steps 500
"""

from pathlib import Path

import click

from vidgan import models, pixels, runtime
from vidgan.config import ModelConfig
from vidgan.dataset.manifest import Manifest
from vidgan.images import save_image
from vidgan.video.layout import contact_sheet

runtime.prepare()  # Fast convolutions on any CPU, before TensorFlow is imported.

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from vidgan.dataset.pipeline import training_clips  # noqa: E402

CONFIG = ModelConfig(frames=8, g_channels=16, d_channels=16, pairs=False)


class GAN(keras.Model):
    """A generator and a discriminator that are trained in turn."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.g_optimizer = keras.optimizers.Adam(8e-4, beta_1=0.5)
        self.d_optimizer = keras.optimizers.Adam(4e-4, beta_1=0.5)
        self.built = True

    def generate(self, count: int) -> tf.Tensor:
        """Return new clips, float32 ``(count, frames, height, width, 3)`` in about [-1, 1]."""
        latent = tf.random.normal((count, CONFIG.latent_dim))
        return self.generator({"latent": latent}, training=True)

    def logits(self, clips: tf.Tensor) -> tf.Tensor:
        """Return the discriminator's logits, float32 ``(batch, 1)``."""
        return self.discriminator({"clip": clips}, training=True)["logit"]

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        """Train the discriminator on a batch of real clips, then the generator; see ``fit``."""
        with tf.GradientTape() as tape:
            # The discriminator's turn: the generator is not watched, and does not change.
            fake = tf.stop_gradient(self.generate(real.shape[0]))
            real_loss = tf.nn.softplus(-self.logits(real))  # −log D(x)
            fake_loss = tf.nn.softplus(self.logits(fake))  # −log(1 − D(G(z)))
            d_loss = tf.reduce_mean(real_loss + fake_loss)
        weights = self.discriminator.trainable_variables
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)

        with tf.GradientTape() as tape:
            # The generator's turn: the gradient passes through the discriminator to its weights.
            fake = self.generate(real.shape[0])
            g_loss = tf.reduce_mean(tf.nn.softplus(-self.logits(fake)))  # −log D(G(z))
        weights = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        return {"d_loss": d_loss, "g_loss": g_loss}


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("dataset", type=click.Path(path_type=Path, exists=True))
@click.argument("output", type=click.Path(path_type=Path), default="clips.png")
@click.option("--steps", type=click.IntRange(1), default=500, show_default=True)
def main(dataset: Path, output: Path, steps: int) -> None:
    """Train on DATASET and write clips to OUTPUT."""
    keras.utils.set_random_seed(0)
    manifest = Manifest.load(dataset)
    width, height = manifest.size
    discriminator = models.build_discriminators(CONFIG, height, width)["clip"]
    gan = GAN(models.build_generator(CONFIG, height, width), discriminator)
    # XLA is slow for transposed convolutions on a CPU.
    gan.compile(jit_compile=False)
    batches = training_clips(manifest, CONFIG.frames, 4, stride=2)
    gan.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=2)
    clips = pixels.to_uint8(gan.generate(4).numpy())
    save_image(output, contact_sheet(clips))
    click.echo(f"{output}: {clips.shape[0]} clips")


if __name__ == "__main__":
    main()
