"""Measure how fast clips come from TFRecord files, without a model.

    python benchmarks/pipeline_speed.py [--dataset FOLDER] [--size 64] [--frames 16]

Clips per second of CPU time, which is that of one core: the pipeline runs on all cores. Beside it
the same for decoding the JPEG images alone, by TensorFlow and OpenCV, which no pipeline of stored
images can exceed. Medians of rounds that take turns. By default the dataset is drawn.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from vidgan import runtime

runtime.prepare()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from portfolio_videos import KINDS, write  # noqa: E402

import vidgan  # noqa: E402
from vidgan.dataset.manifest import Manifest  # noqa: E402
from vidgan.dataset.pipeline import training_clips  # noqa: E402

ROUNDS, BATCH = 3, 16


def make_dataset(folder: Path, size: int) -> Path:
    """Draw a video of people, and return its dataset."""
    kind = KINDS["puppets"]
    video = write(folder / "puppets.mp4", kind.draw(25 * kind.seconds, *kind.size), 25)
    vidgan.preprocess([video], folder / "data", size=(size, size), clean=False)
    return folder / "data"


def stored_images(manifest: Manifest, count: int) -> list[bytes]:
    """Return the first stored images of the dataset."""
    features = {"frames": tf.io.RaggedFeature(tf.string)}
    record = next(iter(tf.data.TFRecordDataset(manifest.shards("train"))))
    parsed = tf.io.parse_single_example(record, features)["frames"]
    return [image.numpy() for image in parsed[:count]]


def pipeline(manifest: Manifest, frames: int, batches: int) -> Callable[[], int]:
    """Return a function that takes batches and returns the number of clips.

    It ends the iterator, which would go on to prepare batches while others are measured.
    """
    data = training_clips(manifest, frames, BATCH)

    def take() -> int:
        for _ in data.take(batches):
            pass
        return batches * BATCH

    return take


def decoders(images: list[bytes], frames: int, repeats: int) -> dict[str, Callable[[], int]]:
    """Return functions that decode images and return the number of clips."""

    def decode_clip(encoded: tf.Tensor) -> tf.Tensor:
        return tf.stack([tf.io.decode_jpeg(image, 3) for image in tf.unstack(encoded, frames)])

    decode = tf.function(decode_clip, autograph=False)
    encoded = tf.constant(images[:frames])
    decode(encoded)

    def tensorflow() -> int:
        for _ in range(repeats):
            decode(encoded)
        return repeats

    def opencv() -> int:
        for _ in range(repeats):
            for image in images[:frames]:
                cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        return repeats

    return {"decoding, TensorFlow": tensorflow, "decoding, OpenCV": opencv}


@click.command(help="Measure how fast clips come from TFRecord files.")
@click.option("--dataset", type=click.Path(path_type=Path), help="A dataset; else one is drawn.")
@click.option("--size", type=int, default=64, show_default=True, help="Side of drawn frames.")
@click.option("--frames", type=int, default=16, show_default=True)
@click.option("--clips", type=int, default=1024, show_default=True, help="Of a round.")
def main(dataset: Path | None, size: int, frames: int, clips: int) -> None:
    """Run; see the top of the file."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Manifest.load(dataset or make_dataset(Path(folder), size))
        images = stored_images(manifest, frames)
        parts = {
            "pipeline": pipeline(manifest, frames, max(1, clips // BATCH)),
            **decoders(images, frames, max(1, clips // 4)),
        }
        rates: dict[str, list[float]] = {name: [] for name in parts}
        for run in parts.values():  # The first time takes longer.
            run()
        for _ in range(ROUNDS):
            for name, run in parts.items():
                start = time.process_time()
                count = run()
                rates[name].append(count / (time.process_time() - start))
    print(f"{statistics.mean(map(len, images)):.0f} bytes an image of {manifest.size}")
    for name, values in rates.items():
        print(f"{name:24} {statistics.median(values):8.0f} clips a second and core")


if __name__ == "__main__":
    main()
