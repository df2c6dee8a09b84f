"""Dataset folders without ``vidgan preprocess``: shapes drawn by NumPy, written by TensorFlow."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from vidgan.dataset.manifest import Manifest, Split

Draw = Callable[[int, int, tuple[int, int]], np.ndarray]


def moving_shapes(record: int, length: int, size: tuple[int, int]) -> np.ndarray:
    """Draw a disc that crosses a shaded wall, its path and colour given by the record's number.

    Returns:
        uint8 RGB ``(length, height, width, 3)``.
    """
    width, height = size
    random = np.random.default_rng(record)
    color = random.integers(96, 256, 3)
    start, velocity = random.uniform(0, 1, 2), random.uniform(0.01, 0.05, 2)
    rows, columns = np.mgrid[:height, :width]
    wall = np.stack([columns * 120 // width, rows * 120 // height, np.full_like(rows, 60)], -1)
    video = np.repeat(wall[None].astype(np.uint8), length, axis=0)
    for index in range(length):
        y, x = (start + velocity * index) % 1 * (height, width)
        video[index][(rows - y) ** 2 + (columns - x) ** 2 < (height / 5) ** 2] = color
    return video


def counting(record: int, length: int, size: tuple[int, int]) -> np.ndarray:
    """Draw frames that say where they are from: the record in red, the frame's number in green.

    The left half has blue 0 and the right half 255, so that a flip shows.
    """
    width, height = size
    video = np.zeros((length, height, width, 3), np.uint8)
    video[..., 0] = record
    video[..., 1] = np.arange(length)[:, None, None]
    video[..., width // 2 :, 2] = 255
    return video


def make_dataset(
    folder: Path,
    train: Sequence[int] = (20, 28, 36, 20),
    test: Sequence[int] = (20,),
    size: tuple[int, int] = (32, 32),
    fps: float = 25.0,
    shards: int = 2,
    draw: Draw = moving_shapes,
    labels: Sequence[str] = (),
) -> Manifest:
    """Write a dataset folder, its frames as PNG.

    Args:
        folder: where to; made.
        train: frames of every training record.
        test: frames of every test record.
        size: ``(width, height)`` in pixels.
        fps: frames a second.
        shards: files of the training split.
        draw: makes a record's frames from its number, its length and the size.
        labels: records have them in turn, by their numbers.
    """
    folder.mkdir(parents=True)
    splits = {}
    number = 0
    for name, lengths, count in (("train", train, shards), ("test", test, 1)):
        split = Split()
        parts = [list(lengths)[i::count] for i in range(count)] if lengths else []
        total = 0
        for index, part in enumerate(parts):
            shard = f"{name}-{index:05d}-of-{count:05d}.tfrecord"
            videos = [draw(number + i, length, size) for i, length in enumerate(part)]
            numbers = [(number + i) % len(labels) if labels else -1 for i in range(len(part))]
            number += len(part)
            total += write_shard(folder / shard, videos, fps, numbers)
            split.shards.append(shard)
            split.lengths.extend(part)
        splits[name] = Split(split.shards, split.lengths, total)
    manifest = Manifest(folder, size, fps, list(labels), splits, [], {})
    manifest.save(folder)
    return manifest


def write_shard(
    path: Path,
    videos: Sequence[np.ndarray],
    fps: float = 25.0,
    labels: Sequence[int] | None = None,
) -> int:
    """Write one record a video and return the bytes of the encoded frames."""
    import tensorflow as tf

    total = 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for video, label in zip(videos, labels or [-1] * len(videos), strict=True):
            frames = [cv2.imencode(".png", frame[..., ::-1])[1].tobytes() for frame in video]
            total += sum(map(len, frames))
            features = {
                "frames": tf.train.Feature(bytes_list=tf.train.BytesList(value=frames)),
                "fps": tf.train.Feature(float_list=tf.train.FloatList(value=[fps])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                "source": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"drawn"])),
                "first": tf.train.Feature(int64_list=tf.train.Int64List(value=[0])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return total
