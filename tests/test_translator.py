"""The translating generators: clips of any size and length, and how far a pixel's reach goes."""

import keras
import numpy as np
import pytest

from vidgan import runtime
from vidgan.models import dcgan, translator


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A generator whose blocks change something, as they do after a first step."""
    runtime.seed_everything(0)
    network = translator.translator(4, "a2b")
    random = np.random.default_rng(0)
    network.set_weights([random.normal(0, 0.2, w.shape) for w in network.get_weights()])
    return network


@pytest.mark.parametrize("shape", [(1, 4, 4), (5, 8, 12), (9, 36, 20)])
def test_any_length_and_size(network: keras.Model, shape: tuple[int, int, int]) -> None:
    clips = np.random.default_rng(1).uniform(-1, 1, (2, *shape, 3)).astype(np.float32)
    made = network(clips).numpy()
    assert made.shape == clips.shape
    assert np.abs(made).max() <= dcgan.BOUND
    # No sample depends on the others of its batch.
    np.testing.assert_allclose(network(clips[1:]).numpy(), made[1:], atol=1e-5)


def test_reach_is_what_is_said(network: keras.Model) -> None:
    frames, side = 2 * translator.CONTEXT + 3, 2 * translator.MARGIN + 12
    clip = np.zeros((1, frames, side, side, 3), np.float32)
    middle = frames // 2, side // 2
    base, reached = network(clip).numpy(), []
    # At each place in a cell of the grid that pictures are halved to.
    for offset in range(translator.MULTIPLE):
        changed = clip.copy()
        changed[0, middle[0], middle[1] + offset, middle[1] + offset] = 1
        moved = np.argwhere(network(changed).numpy()[0] != base[0])[:, :3]
        reached.append(np.abs(moved - (middle[0], middle[1] + offset, middle[1] + offset)).max(0))
    found = np.max(reached, axis=0)
    assert found[0] == translator.CONTEXT
    assert translator.MARGIN - translator.MULTIPLE < found[1] <= translator.MARGIN
    assert found[2] == found[1]


def test_both_generators_are_layers_of_one_model() -> None:
    runtime.seed_everything(0)
    both = translator.translators(4, (8, 32, 32))
    clips = np.random.default_rng(2).uniform(-1, 1, (2, 2, 8, 32, 32, 3)).astype(np.float32)
    made = both({"a": clips[0], "b": clips[1]})
    for name, clip in zip(("a2b", "b2a"), clips, strict=True):
        np.testing.assert_allclose(made[name], both.get_layer(name)(clip), atol=1e-5)
    anywhere = translator.translators(4)
    anywhere.set_weights(both.get_weights())
    np.testing.assert_allclose(anywhere.get_layer("b2a")(clips[1]), made["b2a"], atol=1e-5)
    copied = keras.models.clone_model(both)
    assert not np.allclose(copied.get_weights()[0], both.get_weights()[0])
    assert both.count_params() == 2 * both.get_layer("a2b").count_params()
