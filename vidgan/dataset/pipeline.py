"""Reading clips from TFRecord shards with tf.data.

Clips are shuffled and skipped as encoded images of a few kilobytes, and only used frames are
decoded. All random choices are functions of the seed and the epoch, so that resumed training sees
the same batches.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from vidgan import pixels
from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.tfrecord import read_records
from vidgan.errors import DatasetError

# Size of the shuffle buffer of encoded clips, in bytes and in clips.
SHUFFLE_BYTES = 256 * 2**20
MAX_SHUFFLE = 4096
MAX_OPEN_SHARDS = 8
# The first bytes of a PNG image.
_PNG = b"\x89PNG\r\n\x1a\n"
# Maps a uint8 clip ``(frames, height, width, 3)`` and a stateless seed, int32 ``(2,)``.
Change = Callable[[tf.Tensor, tf.Tensor], Any]
# For what a dataset calls: graph code as it is, which AutoGraph would take seconds to translate.
plain = tf.autograph.experimental.do_not_convert
READING_ERRORS = (
    tf.errors.DataLossError,
    tf.errors.FailedPreconditionError,
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.errors.PermissionDeniedError,
    # TensorFlow quotes the bytes of a damaged record in a message that it then cannot decode.
    UnicodeDecodeError,
)


@contextmanager
def reading_errors(*manifests: Manifest) -> Iterator[None]:
    """Turn TensorFlow's errors on a damaged shard into a DatasetError that names it."""
    try:
        yield
    except READING_ERRORS as error:
        # TensorFlow's error does not name the file: read them all again to find it.
        for manifest in manifests:
            for shard in (shard for split in manifest.splits for shard in manifest.shards(split)):
                for _ in read_records(Path(shard)):
                    pass
        # Without the names of TensorFlow's operations.
        detail = " ".join(re.sub(r"\{\{.*?\}\}", "", str(error)).split())[:120]
        paths = " or ".join(str(manifest.path) for manifest in manifests)
        raise DatasetError(
            f"{paths}: does not match its manifest ({detail}); "
            "run vidgan preprocess --overwrite again"
        ) from None


def checked(data: tf.data.Dataset, *manifests: Manifest) -> Iterator[Any]:
    """Yield the elements of ``data``, with errors of reading as DatasetError.

    Args:
        data: built from shards of the datasets.
        *manifests: the datasets.

    Raises:
        DatasetError: a shard is missing or damaged.
    """
    with reading_errors(*manifests):
        yield from data


def _parse(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return a record's encoded frames, string ``(frames,)``, and its label, int32."""
    features = {
        "frames": tf.io.RaggedFeature(tf.string),
        "label": tf.io.FixedLenFeature((), tf.int64),
    }
    parsed = tf.io.parse_single_example(record, features)
    return parsed["frames"], tf.cast(parsed["label"], tf.int32)


def _decode(encoded: tf.Tensor, manifest: Manifest) -> tf.Tensor:
    """Decode string ``(frames,)``, of static length, into uint8 ``(frames, height, width, 3)``.

    A few bytes may declare a picture that fills the memory: the size is checked before.
    """
    width, height = manifest.stored_size or manifest.size
    shape = (height, width, 3)

    def check(size: tf.Tensor) -> tf.Operation:
        # With data of these types it is one operation, which takes less time than assert_equal().
        return tf.debugging.Assert(
            tf.reduce_all(size == shape[:2]), ["frames have the size", size, "not", shape[:2]], 2
        )

    def decode_png(image: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.io.decode_png(image, 3), shape)

    def jpeg_frames() -> tf.Tensor:
        # An operation for each frame: the loop of map_fn takes as long as decoding.
        images = tf.unstack(encoded)
        sizes = tf.stack([tf.image.extract_jpeg_shape(image)[:2] for image in images])
        with tf.control_dependencies([check(sizes)]):
            decoded = [tf.io.decode_jpeg(image, 3) for image in images]
        return tf.ensure_shape(tf.stack(decoded), (len(images), *shape))

    def png_frames() -> tf.Tensor:
        # Width and height begin the first chunk.
        sides = tf.strings.substr(encoded, 16, 8)
        sizes = tf.reverse(tf.io.decode_raw(sides, tf.int32, little_endian=False), [1])
        with tf.control_dependencies([check(sizes)]):
            return tf.map_fn(
                decode_png,
                tf.identity(encoded),
                fn_output_signature=tf.TensorSpec(shape, tf.uint8),
            )

    are_png = tf.reduce_all(tf.strings.substr(encoded, 0, len(_PNG)) == _PNG)
    frames = tf.cond(are_png, png_frames, jpeg_frames)
    return frames if manifest.stored_size is None else resize(frames, manifest.size)


def resize(frames: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Resize uint8 ``(frames, height, width, 3)`` to ``(width, height)``.

    Frames are averaged over areas, or interpolated where they grow.
    """
    height, width = frames.shape[1:3]
    method = "area" if size[0] <= width and size[1] <= height else "bicubic"
    resized = tf.image.resize(frames, size[::-1], method)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)


def training_clips(
    manifest: Manifest,
    frames: int,
    batch_size: int,
    *,
    stride: int = 1,
    mirror: bool = True,
    seed: int = 0,
    skip: int = 0,
    labels: bool = False,
    crop: tuple[int, int] | None = None,
    change: Change | None = None,
    context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Return an endless dataset of training batches.

    In an epoch, each record yields as many random windows as it has windows without overlap.

    Args:
        manifest: the dataset.
        frames: frames of a clip.
        batch_size: clips of a batch; static.
        stride: take every n-th frame.
        mirror: flip half of the clips left to right.
        seed: of windows, order and flips.
        skip: number of batches to leave out at the start.
        labels: also return the clips' labels.
        crop: height and width of a random crop, the same for all frames of a clip.
        change: maps each clip to an element of the batch instead, such as a degraded and the
            original clip.
        context: the worker that the data is for: it gets its part of each batch, as batches for its
            replicas. Clips of other workers are read but not decoded.

    Returns:
        Batches of what ``change`` returns; without it float32
        ``(batch_size, frames, height, width, 3)`` in [-1, 1]. With ``labels`` pairs of that and
        int32 ``(batch_size,)``, indices into the manifest's labels.

    Raises:
        DatasetError: no training shot is long enough, or a shard is missing.
    """
    covered = span(frames, stride)
    split = manifest.splits["train"]
    epoch_clips = manifest.epoch_clips(frames, stride)
    shards = manifest.shards("train")
    clip_bytes = max(1, split.bytes * frames // max(1, split.frames))
    buffer = max(1, min(epoch_clips, MAX_SHUFFLE, SHUFFLE_BYTES // clip_bytes))

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        base = tf.cast(number, tf.int32)

        def windows(index: tf.Tensor, record: tf.Tensor) -> tf.data.Dataset:
            encoded, label = _parse(record)
            length = tf.shape(encoded)[0]
            count = length // covered
            random = tf.random.fold_in((seed, base), tf.cast(index, tf.int32))
            shape = (tf.maximum(count, 1),)
            starts = tf.random.stateless_uniform(
                shape, random, 0, tf.maximum(length - covered + 1, 1), tf.int32
            )[:count]
            flips = tf.random.stateless_uniform(shape, random + 1)[:count] < 0.5
            seeds = tf.random.stateless_uniform(
                (tf.maximum(count, 1), 2), random + 2, None, None, tf.int32
            )[:count]
            positions = starts[:, None] + tf.range(frames)[None, :] * stride
            parts = (tf.gather(encoded, positions), flips, tf.repeat(label, count), seeds)
            return tf.data.Dataset.from_tensor_slices(parts)

        def shuffled(*parts: tf.Tensor) -> tf.data.Dataset:
            order = tf.random.experimental.stateless_shuffle(
                tf.range(tf.shape(parts[0])[0]), (seed, base)
            )
            return tf.data.Dataset.from_tensor_slices(
                tuple(tf.gather(part, order) for part in parts)
            )

        paths = tf.constant([os.fsencode(shard) for shard in shards])
        names = tf.random.experimental.stateless_shuffle(paths, (seed, base))
        records = tf.data.Dataset.from_tensor_slices(names).interleave(
            tf.data.TFRecordDataset, cycle_length=min(len(shards), MAX_OPEN_SHARDS)
        )
        clips = records.enumerate().flat_map(windows)
        # Fails for shards with missing records; shards without any would repeat forever.
        clips = clips.apply(tf.data.experimental.assert_cardinality(epoch_clips))
        # Dataset.shuffle has no seed that depends on the epoch: permute whole buffers instead.
        return clips.batch(buffer).flat_map(shuffled)

    def decode(encoded: tf.Tensor, flip: tf.Tensor, label: tf.Tensor, seed: tf.Tensor) -> Any:
        clip = _decode(encoded, manifest)
        if mirror:
            clip = tf.where(flip, tf.reverse(clip, axis=[2]), clip)
        if crop is not None:
            clip = tf.image.stateless_random_crop(clip, (frames, *crop, 3), seed)
        if change is not None:
            clip = change(clip, tf.random.fold_in(seed, 1))
        return (clip, label) if labels else clip

    def finish(clips: tf.Tensor, *rest: tf.Tensor) -> Any:
        return (pixels.to_model(clips), *rest) if labels else pixels.to_model(clips)

    # Epochs have a known number of clips: earlier epochs need not be read.
    first_epoch, first_clip = divmod(skip * batch_size, epoch_clips)
    data = tf.data.Dataset.range(first_epoch, tf.int64.max).flat_map(plain(epoch)).skip(first_clip)
    if context is not None and context.num_input_pipelines > 1:
        count = batch_size // context.num_input_pipelines
        own = slice(context.input_pipeline_id * count, (context.input_pipeline_id + 1) * count)
        whole = data.batch(batch_size, drop_remainder=True)
        data = whole.map(plain(lambda *parts: tuple(part[own] for part in parts))).unbatch()
    data = data.map(plain(decode), num_parallel_calls=tf.data.AUTOTUNE)
    replica_size = context.get_per_replica_batch_size(batch_size) if context else batch_size
    data = data.batch(replica_size, drop_remainder=True)
    if change is None:
        data = data.map(plain(finish))
    return data.prefetch(tf.data.AUTOTUNE)


def evaluation_clips(
    manifest: Manifest, split: str, frames: int, stride: int = 1
) -> Iterator[np.ndarray]:
    """Yield a split's clips without labels; see :func:`labelled_clips`."""
    return (clip for clip, _ in labelled_clips(manifest, split, frames, stride))


def labelled_clips(
    manifest: Manifest,
    split: str,
    frames: int,
    stride: int = 1,
    every: int = 1,
    step: int | None = None,
) -> Iterator[tuple[np.ndarray, np.int32]]:
    """Yield windows of a split in a fixed order.

    Args:
        manifest: the dataset.
        split: ``train`` or ``test``.
        frames: frames of a clip.
        stride: take every n-th frame.
        every: take every n-th window; only these are decoded.
        step: stored frames from the start of a window to that of the next; by default windows do
            not overlap.

    Yields:
        uint8 RGB ``(frames, height, width, 3)``, and the label: an index into the manifest's
        labels; -1 without labels.

    Raises:
        DatasetError: a shard is missing or damaged.
    """
    covered = span(frames, stride)

    def windows(record: tf.Tensor) -> tf.data.Dataset:
        encoded, label = _parse(record)
        ends = tf.maximum(0, tf.shape(encoded)[0] - covered + 1)
        starts = tf.range(0, ends, step or covered)
        positions = starts[:, None] + tf.range(frames)[None, :] * stride
        parts = (tf.gather(encoded, positions), tf.repeat(label, tf.shape(starts)[0]))
        return tf.data.Dataset.from_tensor_slices(parts)

    def decode(encoded: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _decode(encoded, manifest), label

    shards = [os.fsencode(shard) for shard in manifest.shards(split)]
    data = tf.data.TFRecordDataset(shards).flat_map(plain(windows)).shard(every, 0)
    data = data.map(plain(decode), num_parallel_calls=tf.data.AUTOTUNE)
    with reading_errors(manifest):
        yield from data.prefetch(tf.data.AUTOTUNE).as_numpy_iterator()
