"""TFRecord files without TensorFlow, and that TensorFlow agrees."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from video_files import scene

from vidgan import images
from vidgan.dataset.tfrecord import Feature, encode_example, read_records, write_records
from vidgan.errors import DatasetError

RECORDS = [b"", b"one", b"x" * 100_000]


def test_records_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrecord"
    size = write_records(path, RECORDS)
    assert size == path.stat().st_size
    assert list(read_records(path)) == RECORDS


@pytest.mark.parametrize("keep", [1, 11, 12, 14, -1])
def test_cut_short(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.tfrecord"
    write_records(path, [b"data"])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DatasetError, match=r"a\.tfrecord: is cut short; run vidgan preprocess"):
        list(read_records(path))


@pytest.mark.parametrize("position", [0, 9, 13, -1])
def test_one_flipped_bit(tmp_path: Path, position: int) -> None:
    path = tmp_path / "a.tfrecord"
    write_records(path, [b"data"])
    damaged = bytearray(path.read_bytes())
    damaged[position] ^= 4
    path.write_bytes(damaged)
    with pytest.raises(DatasetError, match=r"a\.tfrecord: is "):
        list(read_records(path))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        list(read_records(tmp_path / "none.tfrecord"))


@pytest.mark.parametrize("values", [[], [1, 2.0], ["text"], [True]])
def test_features_of_no_or_mixed_type(values: list[bool | float | str]) -> None:
    with pytest.raises(TypeError):
        encode_example({"x": values})  # type: ignore[dict-item]


def test_tensorflow_reads_it(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    clip = scene(5, (32, 32))
    records: list[dict[str, Feature]] = [
        {
            "frames": [images.encode(frame, ".png") for frame in clip[:length]],
            "fps": [29.97],
            "label": [label],
            "source": ["Übung 東京.mp4".encode()],
            "first": [2**40 + label],
        }
        for length, label in [(5, 3), (2, -1)]
    ]
    path = tmp_path / "a.tfrecord"
    write_records(path, map(encode_example, records))
    spec = {
        "frames": tf.io.RaggedFeature(tf.string),
        "fps": tf.io.FixedLenFeature([], tf.float32),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "source": tf.io.VarLenFeature(tf.string),
        "first": tf.io.FixedLenFeature([], tf.int64),
    }
    read = [
        tf.io.parse_single_example(record, spec)
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]
    assert [int(record["label"]) for record in read] == [3, -1]
    assert [int(record["first"]) for record in read] == [2**40 + 3, 2**40 - 1]
    assert float(read[0]["fps"]) == pytest.approx(29.97, rel=1e-6)
    assert read[0]["source"].values[0].numpy().decode() == "Übung 東京.mp4"
    frames = [tf.io.decode_image(data).numpy() for data in read[0]["frames"].numpy()]
    np.testing.assert_array_equal(np.stack(frames), clip)
    assert len(read[1]["frames"]) == 2


def test_same_bytes_as_tensorflow(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in RECORDS:
            writer.write(record)
    write_records(tmp_path / "ours", RECORDS)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_jpeg_keeps_the_colours(tmp_path: Path) -> None:
    frame = scene(1, (64, 64))[0]
    # A fine red and blue pattern is what halved colour resolution would grey out.
    frame[::2, ::2] = (200, 40, 40)
    frame[1::2, 1::2] = (40, 40, 200)
    decoded = images.decode(images.encode(frame, ".jpg"))
    assert decoded is not None
    assert np.abs(decoded.astype(int) - frame).mean() < 4


def test_no_tensorflow_is_loaded() -> None:
    code = (
        "import sys, vidgan.jobs.preprocess, vidgan.dataset.worker, vidgan.cli.preprocess;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
