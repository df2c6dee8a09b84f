"""Networks: what every model of the registry must do, and which sizes can be built."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vidgan import runtime
from vidgan.config import FRAME_COUNTS, MAX_SIDE, MIN_SIDE, ModelConfig
from vidgan.errors import OptionError
from vidgan.models import MODELS, build_discriminator, build_generator
from vidgan.models.sizes import Pyramid, split_side

SIDES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256)
# Sizes as (width, height): each side of SIDES once at least, square and not.
SIZES = [*((side, side) for side in SIDES if side < 200), (224, 224), (256, 256), (32, 256)]
SIZES += [(160, 96), (56, 128), (224, 40)]
# The smallest of each model; a future model is one more line.
TINY = {
    "dcgan": ModelConfig(model="dcgan", frames=8, latent_dim=6, g_channels=4, d_channels=4),
}


def check_model(config: ModelConfig, width: int, height: int) -> None:
    """Check all that the rest of vidgan relies on in a pair of networks."""
    shape = (config.frames, height, width, 3)
    random = np.random.default_rng(0)
    latents = random.normal(size=(3, config.latent_dim)).astype(np.float32)
    clips = random.uniform(-1, 1, (3, *shape)).astype(np.float32)
    for precision in ("float32", "mixed_bfloat16", "mixed_float16"):
        runtime.seed_everything(1)
        runtime.set_precision(precision)
        try:
            generator = build_generator(config, height, width)
            discriminator = build_discriminator(config, height, width)
        finally:
            runtime.set_precision("float32")
        made, logits = generator(latents).numpy(), discriminator(clips).numpy()
        assert made.dtype == logits.dtype == np.float32
        assert all(weight.dtype == "float32" for weight in generator.weights)
        assert made.shape == (3, *shape)
        assert logits.shape == (3, 1)
        assert np.abs(made).max() <= 1
        assert np.isfinite(logits).all()
        if precision == "float32":
            reference = made
        else:
            np.testing.assert_allclose(made, reference, atol=0.1)
    runtime.seed_everything(1)
    generator = build_generator(config, height, width)
    discriminator = build_discriminator(config, height, width)
    check_samples_apart(generator, latents)
    check_samples_apart(discriminator, clips)
    for network, batch in ((generator, latents), (discriminator, clips)):
        # The generator's average is a clone, so the configuration must say everything.
        again = keras.Model.from_config(network.get_config())
        again.set_weights(network.get_weights())
        np.testing.assert_array_equal(again(batch), network(batch))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network(batch) ** 2)
        gradients = tape.gradient(loss, network.trainable_variables)
        assert all(float(tf.reduce_max(tf.abs(g))) > 0 for g in gradients)
    kinds = {type(layer) for layer in generator.layers}, {type(la) for la in discriminator.layers}
    assert layers.Conv3DTranspose in kinds[0]
    assert layers.Conv3D in kinds[1]


def check_samples_apart(network: keras.Model, batch: np.ndarray) -> None:
    """One backward pass can serve both networks only if no sample feels its neighbours."""
    together = network(batch, training=True).numpy()
    alone = np.concatenate([network(sample[None], training=True) for sample in batch])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-4


def test_every_model_is_checked():
    assert set(TINY) == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("width", "height"), [(32, 32), (56, 40)])
def test_model(model, width, height):
    check_model(TINY[model], width, height)


@pytest.mark.parametrize("model", MODELS)
def test_seed_decides_initial_weights(model):
    weights = []
    for seed in (3, 3, 4):
        runtime.seed_everything(seed)
        weights.append(np.concatenate([w.ravel() for w in build(model, 32, 32)[0].get_weights()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - weights[2]).max() > 0


def build(model: str, width: int, height: int, frames: int = 8) -> tuple[keras.Model, keras.Model]:
    config = TINY[model].replace(frames=frames)
    return build_generator(config, height, width), build_discriminator(config, height, width)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_sizes(model, width, height):
    frames = FRAME_COUNTS[SIZES.index((width, height)) % len(FRAME_COUNTS)]
    generator, discriminator = build(model, width, height, frames)
    assert generator.output_shape == (None, frames, height, width, 3)
    assert discriminator.input_shape == (None, frames, height, width, 3)
    assert discriminator.output_shape == (None, 1)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("frames", FRAME_COUNTS)
def test_224_runs_at_every_length(model, frames):
    """The size in the user's own description."""
    generator, discriminator = build(model, 224, 224, frames)
    clip = generator(np.zeros((1, generator.input_shape[1]), np.float32))
    assert clip.shape == (1, frames, 224, 224, 3)
    assert discriminator(clip).shape == (1, 1)


@pytest.mark.parametrize("frames", FRAME_COUNTS)
def test_pyramid_reaches_the_size(frames):
    for width in SIDES:
        for height in SIDES:
            pyramid = Pyramid.build(frames, height, width)
            scale = np.prod(pyramid.strides, axis=0)
            np.testing.assert_array_equal(pyramid.base * scale, (frames, height, width))
            assert all(4 <= side <= 7 for side in pyramid.base[1:])
            assert pyramid.base[0] >= 2


def test_exactly_these_sides_split():
    fitting = set()
    for side in range(1, 300):
        try:
            base, doublings = split_side(side)
        except OptionError:
            continue
        assert base << doublings == side
        fitting.add(side)
    assert fitting == set(SIDES)
    assert (min(SIDES), max(SIDES)) == (MIN_SIDE, MAX_SIDE)


@pytest.mark.parametrize(
    ("side", "nearest"), [(16, (32, 40)), (100, (96, 112)), (65, (64, 56)), (1920, (256, 224))]
)
def test_other_sides_name_their_neighbours(side, nearest):
    for width, height in ((side, 64), (64, side)):
        with pytest.raises(OptionError) as caught:
            build_generator(TINY["dcgan"], height, width)
        assert f"a side of {side} pixels" in str(caught.value)
        assert "{} or {}".format(*nearest) in str(caught.value)


@pytest.mark.parametrize("frames", [9, 12, 24])
def test_other_lengths(frames):
    with pytest.raises(OptionError, match=f"--frames {frames} is none of 8, 16, 32"):
        build_discriminator(TINY["dcgan"].replace(frames=frames), 32, 32)


@pytest.mark.parametrize("model", MODELS)
def test_channels_scale_the_networks(model):
    wide = TINY[model].replace(g_channels=8, d_channels=8)
    small, large = build(model, 32, 32), (build_generator(wide, 32, 32),)
    assert large[0].count_params() > 1.5 * small[0].count_params()
    assert build_discriminator(wide, 32, 32).count_params() > 1.5 * small[1].count_params()
