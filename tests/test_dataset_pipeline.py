"""From shards to batches: every clip tells by its pixels where it was taken from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from dataset_files import counting, make_dataset, write_shard

from vidgan import pixels
from vidgan.dataset import pipeline
from vidgan.dataset.manifest import Manifest, span
from vidgan.dataset.pipeline import checked, evaluation_clips, training_clips
from vidgan.errors import DatasetError

FRAMES = 8
LENGTHS = (20, 28, 7, 36, 17)
SIZE = (12, 10)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("pipeline") / "data"
    return make_dataset(folder, LENGTHS, (25, 8, 9), SIZE, draw=counting)


def take(
    manifest: Manifest, batches: int, batch_size: int = 1, frames: int = FRAMES, **options: Any
) -> np.ndarray:
    """Return so many training batches as one uint8 array of clips."""
    data = training_clips(manifest, frames, batch_size, **options)
    found = [batch.numpy() for batch in checked(data.take(batches), manifest)]
    for batch in found:
        assert batch.dtype == np.float32
        assert batch.shape == (batch_size, frames, SIZE[1], SIZE[0], 3)
        assert -1 <= batch.min() <= batch.max() <= 1
    clips: np.ndarray = pixels.to_uint8(np.concatenate(found))
    return clips


def origin(clip: np.ndarray) -> tuple[int, np.ndarray]:
    """Return a clip's record and the numbers of its frames."""
    records = np.unique(clip[..., 0])
    assert len(records) == 1, "a clip lies in one record"
    return int(records[0]), clip[:, 0, 0, 1].astype(int)


def lengths(manifest: Manifest) -> dict[int, int]:
    """Return each record's length by its number; ``make_dataset`` numbers them shard by shard."""
    return dict(enumerate(manifest.splits["train"].lengths))


def epoch_size(frames: int = FRAMES, stride: int = 1) -> int:
    return sum(length // span(frames, stride) for length in LENGTHS)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_windows_lie_in_one_shot_at_the_stride(dataset: Manifest, stride: int) -> None:
    clips = take(dataset, 5 * epoch_size(stride=stride), stride=stride)
    starts = set()
    for clip in clips:
        record, numbers = origin(clip)
        assert (np.diff(numbers) == stride).all()
        assert 0 <= numbers[0] <= numbers[-1] < lengths(dataset)[record]
        starts.add((record, numbers[0]))
    # Windows are random, not a grid of neighbours.
    assert len({start % span(FRAMES, stride) for _, start in starts}) > 2


def test_windows_reach_both_ends(dataset: Manifest) -> None:
    found = [origin(clip) for clip in take(dataset, 40 * epoch_size())]
    for record, length in lengths(dataset).items():
        if length >= FRAMES:
            starts = {numbers[0] for number, numbers in found if number == record}
            assert min(starts) == 0
            assert max(starts) == length - FRAMES


def test_an_epoch_takes_from_each_record_what_fits(dataset: Manifest) -> None:
    size = epoch_size()
    for epoch in range(3):
        clips = take(dataset, size, skip=epoch * size)
        counts = np.bincount([origin(clip)[0] for clip in clips], minlength=len(LENGTHS))
        expected = [lengths(dataset)[i] // FRAMES for i in range(len(LENGTHS))]
        assert counts.tolist() == expected


def test_epochs_differ(dataset: Manifest) -> None:
    size = epoch_size()
    clips = take(dataset, 2 * size)
    first, second = (
        [(origin(clip)[0], origin(clip)[1][0]) for clip in part]
        for part in (clips[:size], clips[size:])
    )
    assert [record for record, _ in first] != [record for record, _ in second], "the order"
    assert sorted(first) != sorted(second), "the windows"


def test_mirror_flips_half_of_the_clips(dataset: Manifest) -> None:
    clips = take(dataset, 20 * epoch_size())
    left = clips[:, :, :, : SIZE[0] // 2, 2]
    right = clips[:, :, :, SIZE[0] // 2 :, 2]
    flipped = (left == 255).all(axis=(1, 2, 3))
    # A clip is flipped as a whole or not at all.
    assert (flipped == (right == 0).all(axis=(1, 2, 3))).all()
    assert ((left == 0).all(axis=(1, 2, 3)) == ~flipped).all()
    assert 0.35 < flipped.mean() < 0.65
    plain = take(dataset, epoch_size(), mirror=False)
    assert (plain[:, :, :, : SIZE[0] // 2, 2] == 0).all()


def test_repeatable_by_seed(dataset: Manifest) -> None:
    first, again, other = (take(dataset, 12, batch_size=2, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("batch_size", [1, 3, 5])
def test_skipping_equals_having_seen(dataset: Manifest, batch_size: int) -> None:
    """Within an epoch, at its border and beyond: 11 clips make an epoch, batches straddle it."""
    assert epoch_size() == 11
    total = 3 * epoch_size() // batch_size + 2
    whole = take(dataset, total, batch_size, seed=9)
    for skip in sorted({0, 1, epoch_size() // batch_size, total - 2}):
        rest = take(dataset, total - skip, batch_size, seed=9, skip=skip)
        np.testing.assert_array_equal(rest, whole[skip * batch_size :])


def test_skipping_with_a_small_shuffle_buffer(
    dataset: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MAX_SHUFFLE", 4)
    whole = take(dataset, 30)
    np.testing.assert_array_equal(take(dataset, 11, skip=19), whole[19:])
    counts = np.bincount([origin(clip)[0] for clip in whole[: epoch_size()]])
    assert counts.sum() == epoch_size()


def test_batches_know_their_size(dataset: Manifest) -> None:
    spec = training_clips(dataset, FRAMES, 3).element_spec
    assert spec.shape == (3, FRAMES, SIZE[1], SIZE[0], 3)


def test_evaluation_clips_stand_side_by_side(dataset: Manifest) -> None:
    clips = list(evaluation_clips(dataset, "test", FRAMES))
    found = [(origin(clip)[0] - len(LENGTHS), origin(clip)[1].tolist()) for clip in clips]
    expected = [
        (record, list(range(start, start + FRAMES)))
        for record, length in enumerate((25, 8, 9))
        for start in range(0, length - FRAMES + 1, FRAMES)
    ]
    assert found == expected
    assert all(clip.dtype == np.uint8 for clip in clips)
    # Never flipped, and of the training split as well.
    assert all((clip[:, :, : SIZE[0] // 2, 2] == 0).all() for clip in clips)
    assert len(list(evaluation_clips(dataset, "train", FRAMES))) == epoch_size()


def test_evaluation_clips_with_a_stride(dataset: Manifest) -> None:
    clips = [origin(clip) for clip in evaluation_clips(dataset, "test", FRAMES, stride=3)]
    assert [(record - len(LENGTHS), numbers.tolist()) for record, numbers in clips] == [
        (0, list(range(0, 24, 3)))
    ]


def test_empty_test_split_yields_nothing(tmp_path: Path) -> None:
    manifest = make_dataset(tmp_path / "data", (20,), (), SIZE, draw=counting)
    assert list(evaluation_clips(manifest, "test", FRAMES)) == []


def test_too_short_shots(dataset: Manifest) -> None:
    with pytest.raises(DatasetError) as caught:
        training_clips(dataset, 16, 1, stride=3)
    assert "the longest training shot has 36 frames, a clip needs 46" in str(caught.value)
    assert "--frames" in str(caught.value)


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def empty(path: Path) -> None:
    """What a copy that failed at once leaves: without a check, an epoch that never ends."""
    path.write_bytes(b"")


def lose_a_record(path: Path) -> None:
    """Cut exactly between two records, where no checksum tells."""
    record = next(iter(tf.data.TFRecordDataset(str(path)))).numpy()
    path.write_bytes(path.read_bytes()[: len(record) + 16])


def wrong_content(path: Path) -> None:
    """Whole records with right checksums that hold no pictures."""
    example = tf.train.Example()
    frames = [b"no picture"] * max(LENGTHS)
    example.features.feature["frames"].bytes_list.value.extend(frames)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _ in range(3):
            writer.write(example.SerializeToString())


def wrong_size(path: Path) -> None:
    write_shard(path, [counting(0, length, (20, 20)) for length in (20, 7, 17)])


def missing(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (flip_a_byte, "train-00000-of-00002.tfrecord: is damaged"),
        (cut, "train-00000-of-00002.tfrecord: is cut short"),
        (empty, "does not match its manifest"),
        (lose_a_record, "does not match its manifest"),
        (wrong_content, "does not match its manifest"),
        (wrong_size, "does not match its manifest"),
        (missing, "train-00000-of-00002.tfrecord: missing shard"),
    ],
)
def test_damaged_shards(tmp_path: Path, damage: Callable[..., Any], text: str) -> None:
    folder = tmp_path / "data"
    make_dataset(folder, LENGTHS, (20,), SIZE, draw=counting)
    damage(folder / "train-00000-of-00002.tfrecord")
    manifest = Manifest.load(folder)
    with pytest.raises(DatasetError) as caught:
        take(manifest, 3 * epoch_size())
    message = str(caught.value)
    assert text in message
    assert str(folder) in message
    assert "vidgan preprocess" in message
    assert "\n" not in message


@pytest.mark.parametrize("damage", [flip_a_byte, cut, missing, wrong_size])
def test_damaged_test_shard(tmp_path: Path, damage: Callable[..., Any]) -> None:
    folder = tmp_path / "data"
    make_dataset(folder, LENGTHS, (20, 20), SIZE, draw=counting)
    damage(folder / "test-00000-of-00001.tfrecord")
    with pytest.raises(DatasetError, match="vidgan preprocess"):
        list(evaluation_clips(Manifest.load(folder), "test", FRAMES))


def test_other_errors_are_not_blamed_on_the_dataset(dataset: Manifest) -> None:
    """Only reading is guarded: an error of the training step passes as what it is."""

    def step() -> None:
        for batch in checked(training_clips(dataset, FRAMES, 2), dataset):
            tf.reshape(batch, (7,))

    with pytest.raises(tf.errors.InvalidArgumentError):
        step()


def test_helper_draws_the_same_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_dataset(tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
