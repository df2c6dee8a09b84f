"""Augmentation: alike in all frames, differentiable, repeatable, and really doing something."""

import numpy as np
import pytest
import tensorflow as tf

from vidgan.augment import CUTOUT, POLICIES, TRANSLATION, augment, parse
from vidgan.errors import OptionError

SEED = tf.constant((3, 4), tf.int32)
ALL = tuple(POLICIES)


def still_clips(count: int = 6, frames: int = 4, height: int = 16, width: int = 24) -> tf.Tensor:
    """Clips whose frames are all alike, no two clips and no two pixels the same."""
    images = np.random.default_rng(0).uniform(-1, 1, (count, 1, height, width, 3))
    return tf.constant(np.repeat(images, frames, axis=1), tf.float32)


@pytest.mark.parametrize("names", [(name,) for name in POLICIES] + [ALL])
def test_alike_in_all_frames_and_not_in_all_clips(names: tuple[str, ...]) -> None:
    clips = still_clips()
    changed = augment(clips, names, SEED).numpy()
    assert changed.shape == clips.shape
    np.testing.assert_allclose(changed, np.repeat(changed[:, :1], 4, axis=1), atol=1e-6)
    assert np.abs(changed - clips.numpy()).max() > 0.05
    # Clips that are the same before differ afterwards: each is augmented in its own way.
    same = augment(tf.repeat(clips[:1], 6, axis=0), names, SEED).numpy()
    assert len({clip.tobytes() for clip in same}) > 1


@pytest.mark.parametrize("name", POLICIES)
def test_repeatable_by_seed(name: str) -> None:
    clips = still_clips()
    first = augment(clips, (name,), SEED).numpy()
    np.testing.assert_array_equal(augment(clips, (name,), SEED), first)
    assert np.abs(augment(clips, (name,), SEED + 1).numpy() - first).max() > 0.01


def test_policies_draw_apart_from_each_other() -> None:
    """The same policy twice must not undo or double itself: each place has its own numbers."""
    clips = still_clips()
    once = augment(clips, ("translation",), SEED)
    twice = augment(clips, ("translation", "translation"), SEED).numpy()
    repeated = augment(once, ("translation",), SEED).numpy()
    assert np.abs(twice - repeated).max() > 0.01


def test_none_is_the_identity() -> None:
    clips = still_clips()
    np.testing.assert_array_equal(augment(clips, (), SEED), clips)


@pytest.mark.parametrize("name", POLICIES)
def test_gradient(name: str) -> None:
    """Each policy is linear in a clip but for the seed, so differences are exact."""
    clips = tf.cast(still_clips(2, 2, 8, 8), tf.float64)
    direction = tf.constant(np.random.default_rng(1).normal(size=clips.shape))
    weights = tf.constant(np.random.default_rng(2).normal(size=clips.shape))
    with tf.GradientTape() as tape:
        tape.watch(clips)
        value = tf.reduce_sum(weights * augment(clips, (name,), SEED))
    slope = float(tf.reduce_sum(tape.gradient(value, clips) * direction))
    moved = tf.reduce_sum(weights * augment(clips + direction, (name,), SEED))
    assert slope == pytest.approx(float(moved - value), rel=1e-6)


def test_translation_moves_the_picture() -> None:
    count, height, width = 64, 16, 24
    image = np.zeros((count, 2, height, width, 3), np.float32)
    image[:, :, 8, 12] = 1
    moved = augment(tf.constant(image), ("translation",), SEED).numpy()
    places = [np.argwhere(clip[0, ..., 0])[0] for clip in moved]
    shifts = np.array(places) - (8, 12)
    reach = int(height * TRANSLATION + 0.5), int(width * TRANSLATION + 0.5)
    # 64 clips: every shift of five by seven is all but sure to show at the ends of each axis.
    assert shifts.min(0).tolist() == [-reach[0], -reach[1]]
    assert shifts.max(0).tolist() == list(reach)
    assert (moved.sum(axis=(2, 3, 4)) == 3).all()


def test_translation_fills_with_grey() -> None:
    moved = augment(tf.ones((32, 2, 16, 16, 3)), ("translation",), SEED).numpy()
    assert set(np.unique(moved)) == {0.0, 1.0}
    assert (moved[:, :, 4:12, 4:12] == 1).all()


def test_cutout_takes_half_a_side() -> None:
    cut = augment(tf.ones((64, 2, 16, 24, 3)), ("cutout",), SEED).numpy()
    holes = (cut[:, 0, :, :, 0] == 0).sum(axis=(1, 2))
    whole = (2 * int(16 * CUTOUT / 2) - 1) * (2 * int(24 * CUTOUT / 2) - 1)
    assert holes.max() == whole  # A hole at the border is partly outside.
    assert holes.min() > 0


def test_color_leaves_shape_and_place() -> None:
    """One affine map of a pixel and its grey value a clip: grey stays grey, order stays."""
    ramp = np.linspace(-1, 1, 16, dtype=np.float32)
    clips = np.broadcast_to(ramp[None, None, None, :, None], (8, 2, 4, 16, 3))
    changed = augment(tf.constant(clips), ("color",), SEED).numpy()
    np.testing.assert_allclose(changed, changed[..., :1].repeat(3, -1), atol=1e-6)
    steps = np.diff(changed[:, 0, 0, :, 0], axis=-1)
    assert (steps > 0).all()
    np.testing.assert_allclose(steps, steps[:, :1].repeat(15, 1), atol=1e-5)


def test_names() -> None:
    assert parse("color,translation") == ("color", "translation")
    assert parse(" cutout , color ") == ("cutout", "color")
    assert parse("none") == parse("") == ()
    with pytest.raises(OptionError, match="--augment 'colour' is none of color, translation"):
        parse("colour")
