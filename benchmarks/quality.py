"""What a recipe generates after a fixed number of minutes, against the textbook's.

    python benchmarks/quality.py DATASET [--minutes 10] [--output FOLDER] [--set name=value ...]

Trains the textbook recipe and ``vidgan train`` for the same minutes each, one after the other on
a machine that does nothing else, and prints the random-feature Fréchet distance (RFD, see
``vidgan/metrics``) of what each generates to the test and the training clips, beside the distance
between these two. ``--set`` changes options of ``vidgan train`` to compare recipes; ``--only``
leaves one side out.

The textbook: channels 32 to 256, 4 × 4 × 4 kernels of stride 2, batch normalisation and ReLU in
G, normal weights of deviation 0.02, alternating steps of the non-saturating loss, batch 16, Adam
2e-4 with 0.5 and 0.999 (arXiv 1511.06434, with the time axis of 1609.02612); sampled from the
weights themselves with batch statistics, as such code does.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from vidgan import runtime

runtime.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

import vidgan  # noqa: E402
from vidgan import latents, pixels  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import evaluation_clips, training_clips  # noqa: E402
from vidgan.metrics.distance import frechet_clip_distance  # noqa: E402
from vidgan.sheet import contact_sheet, save_image  # noqa: E402
from vidgan.training.run import Run  # noqa: E402

FRAMES, SIDE, LATENT, BATCH, CHANNELS = 16, 64, 100, 16, 32
SAMPLES = 256


def textbook_networks() -> tuple[keras.Model, keras.Model]:
    """Build the textbook's G and D for 16 × 64 × 64."""

    def init() -> keras.initializers.Initializer:
        return keras.initializers.RandomNormal(0.0, 0.02)

    latent = keras.Input((LATENT,))
    x = layers.Dense(2 * 4 * 4 * 8 * CHANNELS, kernel_initializer=init())(latent)
    x = layers.Reshape((2, 4, 4, 8 * CHANNELS))(x)
    for factor in (4, 2, 1):
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.Conv3DTranspose(factor * CHANNELS, 4, 2, "same", kernel_initializer=init())(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv3DTranspose(3, 4, (1, 2, 2), "same", kernel_initializer=init())(x)
    generator = keras.Model(latent, layers.Activation("tanh")(x))
    clip = keras.Input((FRAMES, SIDE, SIDE, 3))
    x = clip
    for factor, stride in ((1, (1, 2, 2)), (2, 2), (4, 2), (8, 2)):
        x = layers.Conv3D(factor * CHANNELS, 4, stride, "same", kernel_initializer=init())(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    return generator, keras.Model(clip, layers.Dense(1)(layers.Flatten()(x)))


def train_textbook(manifest: Manifest, minutes: float, seed: int) -> tuple[np.ndarray, int]:
    """Train for so many minutes; return uint8 samples and the number of steps."""
    runtime.seed_everything(seed)
    generator, discriminator = textbook_networks()
    g_optimizer, d_optimizer = (keras.optimizers.Adam(2e-4, 0.5, 0.999) for _ in range(2))
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)

    @tf.function(jit_compile=False)
    def step(real: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = generator(tf.random.normal((BATCH, LATENT)), training=True)
            d_loss = tf.reduce_mean(
                tf.nn.softplus(-discriminator(real, training=True))
                + tf.nn.softplus(discriminator(tf.stop_gradient(fake), training=True))
            )
        variables = discriminator.trainable_variables
        d_optimizer.apply(d_tape.gradient(d_loss, variables), variables)
        with g_tape:
            g_loss = tf.reduce_mean(tf.nn.softplus(-discriminator(fake, training=True)))
        variables = generator.trainable_variables
        g_optimizer.apply(g_tape.gradient(g_loss, variables), variables)
        return d_loss

    steps, end = 0, time.monotonic() + 60 * minutes
    for batch in training_clips(manifest, FRAMES, BATCH, seed=seed):
        float(step(batch))
        steps += 1
        if time.monotonic() > end:
            break
    z = latents.from_seeds(range(SAMPLES), LATENT)
    clips = [generator(z[i : i + 32], training=True).numpy() for i in range(0, SAMPLES, 32)]
    return pixels.to_uint8(np.concatenate(clips)), steps


def train_vidgan(
    dataset: Path, minutes: float, seed: int, output: Path, options: dict
) -> tuple[np.ndarray, int]:
    """Train as ``vidgan train`` does; return uint8 samples and the number of steps."""
    path = vidgan.train(
        dataset, minutes=minutes, seed=seed, output=output, progress=True, **options
    )
    state = Run.open(path).state()
    return vidgan.load(path).generate(n=SAMPLES), state["step"]


def parse_value(text: str) -> object:
    """Read a number where there is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("quality"))
    parser.add_argument("--only", choices=("textbook", "vidgan"))
    parser.add_argument("--set", nargs="*", default=[], metavar="name=value")
    args = parser.parse_args()
    options = {name: parse_value(value) for name, value in (s.split("=", 1) for s in args.set)}
    manifest = Manifest.load(args.dataset)
    real = {s: np.stack(list(evaluation_clips(manifest, s, FRAMES))) for s in ("test", "train")}
    print("| recipe | minutes | steps | RFD to test | RFD to train |\n|---|---|---|---|---|")
    floor = frechet_clip_distance(real["test"], real["train"])
    print(f"| real training clips | | | {floor:.2f} | 0 |", flush=True)
    args.output.mkdir(parents=True, exist_ok=True)
    for name in ("textbook", "vidgan"):
        if args.only not in (None, name):
            continue
        if name == "textbook":
            clips, steps = train_textbook(manifest, args.minutes, args.seed)
        else:
            run = args.output / "run"
            clips, steps = train_vidgan(args.dataset, args.minutes, args.seed, run, options)
        distances = [frechet_clip_distance(real[split], clips) for split in ("test", "train")]
        label = " ".join([name, *args.set]) if name == "vidgan" else name
        cells = " | ".join(f"{distance:.2f}" for distance in distances)
        print(f"| {label} | {args.minutes:g} | {steps} | {cells} |", flush=True)
        save_image(args.output / f"{name}.png", contact_sheet(clips[:10], frames=8, scale=2))


if __name__ == "__main__":
    main()
