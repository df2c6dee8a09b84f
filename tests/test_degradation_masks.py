import numpy as np
import pytest
from video_files import scene

from vidgan.config import MASKS
from vidgan.degradations import masks, scratches

SHAPE = (12, 48, 64)


@pytest.mark.parametrize("kind", MASKS)
def test_every_kind_hides_something_but_not_everything(kind: str) -> None:
    drawn = [masks.draw((kind,), SHAPE, np.random.default_rng(seed)) for seed in range(20)]
    assert all(mask.shape == SHAPE and mask.dtype == bool for mask in drawn)
    shares = [mask.mean() for mask in drawn]
    assert min(shares) > 0
    assert max(shares) < 0.6
    assert len({mask.tobytes() for mask in drawn}) == 20


@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_is_a_function_of_the_seed(kind: str) -> None:
    one, same = (masks.draw((kind,), SHAPE, np.random.default_rng(3)) for _ in range(2))
    assert (one == same).all()


@pytest.mark.parametrize("shape", [(1, 32, 32), (16, 33, 47), (2, 256, 128)])
@pytest.mark.parametrize("kind", MASKS)
def test_any_size(kind: str, shape: tuple[int, int, int]) -> None:
    assert masks.draw((kind,), shape, np.random.default_rng(0)).shape == shape


def test_text_stands_still() -> None:
    mask = masks.text(SHAPE, np.random.default_rng(0))
    assert (mask == mask[:1]).all()


def test_objects_travel_smoothly() -> None:
    for seed in range(10):
        mask = masks.draw(("object",), SHAPE, np.random.default_rng(seed))
        whole = [m for m in mask if m.any() and not (m[0] | m[-1]).any()]
        whole = [m for m in whole if not (m[:, 0] | m[:, -1]).any()]
        places = np.array([np.argwhere(m).mean(axis=0) for m in whole])
        if len(places) > 1:
            steps = np.hypot(*np.diff(places, axis=0).T)
            assert 0 < steps.max() < 8


def test_draw_takes_every_kind() -> None:
    random = np.random.default_rng(0)
    still = [
        (m == m[:1]).all()
        for m in (masks.draw(("text", "object"), SHAPE, random) for _ in "12345678")
    ]
    assert 0 < sum(still) < 8


def test_scratches_stay_and_dust_does_not() -> None:
    random = np.random.default_rng(0)
    marks = scratches.Marks.empty(SHAPE)
    while not marks.mask.any(axis=(1, 2)).all():
        scratches.scratch(marks, random)
    upright = marks.mask.any(axis=1).sum(axis=1)
    assert (upright < 20).all()
    dust = scratches.Marks.empty(SHAPE)
    scratches.blotch(dust, 5, random)
    assert np.flatnonzero(dust.mask.any(axis=(1, 2))).tolist() == [5]


def test_film_is_damaged_where_its_mask_says() -> None:
    clip = scene(12, (64, 48))
    marks = scratches.draw_marks(SHAPE, np.random.default_rng(1))
    damaged = scratches.overlay_marks(clip, marks)
    assert damaged.dtype == np.uint8
    assert (damaged == clip)[~marks.mask].all()
    change = np.abs(damaged.astype(int) - clip).max(axis=-1)[marks.mask]
    weak = np.abs(scratches.overlay_marks(clip, marks, 0.25).astype(int) - clip).max(axis=-1)[
        marks.mask
    ]
    assert change.mean() > 3 * weak.mean() > 3
    assert (scratches.overlay_marks(clip, marks, 0) == clip).all()


def test_flicker_changes_brightness_between_frames() -> None:
    clip = np.full((20, 32, 32, 3), 100, np.uint8)
    means = scratches.flicker(clip, np.random.default_rng(0)).mean(axis=(1, 2, 3))
    assert 1 < means.std() < 20
