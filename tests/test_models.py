"""Networks: what every model of the registry must do, and which sizes can be built."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from matrices import some

from vidgan import runtime
from vidgan.config import DISCRIMINATORS, FRAME_COUNTS, MAX_SIDE, MIN_SIDE, MODELS, ModelConfig
from vidgan.errors import OptionError
from vidgan.latents import from_seeds
from vidgan.models import build_discriminators, build_generator, dcgan, latents, resolve
from vidgan.models.layers.convolutions import Conv3D, Conv3DTranspose
from vidgan.models.sizes import Pyramid, split_side

SIDES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512)
# Sizes as (width, height): each side of SIDES once at least, square and not.
SIZES = [*((side, side) for side in SIDES if side < 200), (224, 224), (256, 256), (32, 256)]
SIZES += [(160, 96), (56, 128), (224, 40)]
# All models share the levels that lead to a size; the slow tests build every model at every one.
EVERY_SIZE = [(model, *size) for model in MODELS for size in SIZES]
QUICK_SIZES = [
    case for case in EVERY_SIZE if case[0] == "dcgan" or case[1:] in [(64, 64), (56, 128)]
]
WHOLE = [(model, *size) for size in ((32, 32), (56, 40)) for model in MODELS]
QUICK_WHOLE = [case for case in WHOLE if case[0] == "dcgan" or case[1:] == (32, 32)]
EVERY_LENGTH = [(model, frames) for model in MODELS for frames in FRAME_COUNTS]
QUICK_LENGTHS = [case for case in EVERY_LENGTH if case[0] == "dcgan" or case[1] == FRAME_COUNTS[0]]
# The smallest of each model; a future model is one more line.
TINY = {
    "dcgan": ModelConfig(model="dcgan", frames=8, latent_dim=6, g_channels=4, d_channels=4),
    "vgan": ModelConfig(model="vgan", frames=8, latent_dim=6, g_channels=4, d_channels=4),
    "infogan": ModelConfig(model="infogan", frames=8, latent_dim=6, g_channels=4, d_channels=4),
    "sagan": ModelConfig(model="sagan", frames=8, latent_dim=6, g_channels=4, d_channels=4),
    "dvdgan": ModelConfig(model="dvdgan", frames=8, latent_dim=6, g_channels=4, d_channels=4),
    "mocogan": ModelConfig(
        model="mocogan", frames=8, latent_dim=6, g_channels=4, d_channels=4, motion_dim=3
    ),
    "continuous": ModelConfig(
        model="continuous", frames=8, latent_dim=6, g_channels=4, d_channels=4, motion_dim=3
    ),
}


def check_model(config: ModelConfig, width: int, height: int) -> None:
    """Check all that the rest of vidgan relies on in a model's networks."""
    shape = (config.frames, height, width, 3)
    random = np.random.default_rng(0)
    noise = from_seeds(latents(config), (1, 2, 3))
    clips = {"clip": random.uniform(-1, 1, (3, *shape)).astype(np.float32)}
    config = config.replace(discriminators="clip")
    for precision in ("float32", "mixed_bfloat16", "mixed_float16"):
        runtime.seed_everything(1)
        runtime.set_precision(precision)
        try:
            generator, discriminator = build(config, width, height)
        finally:
            runtime.set_precision("float32")
        made, logits = generator(noise).numpy(), discriminator(clips)["logit"].numpy()
        assert made.dtype == logits.dtype == np.float32
        assert all(weight.dtype == "float32" for weight in generator.weights)
        assert made.shape == (3, *shape)
        assert logits.shape == (3, 1)
        assert np.abs(made).max() <= dcgan.BOUND
        assert np.isfinite(logits).all()
        if precision == "float32":
            reference = made
        else:
            check_rounding(made - reference, reference, precision)
    runtime.seed_everything(1)
    generator, discriminator = build(config, width, height)
    for network, batch, name in ((generator, noise, None), (discriminator, clips, "logit")):

        def call(
            inputs: Any, network: keras.Model = network, name: str | None = name, **options: Any
        ) -> tf.Tensor:
            outputs = network(inputs, **options)
            return outputs if name is None else outputs[name]

        check_samples_apart(call, batch)
        # The generator's average is a clone, so the configuration must say everything.
        again = keras.models.clone_model(network)
        again.set_weights(network.get_weights())
        np.testing.assert_array_equal(call(batch), call(batch, again))
        for variable in network.trainable_variables:
            # A gain that begins at zero hides the weights behind it.
            if variable.path.endswith("gain/gain"):
                variable.assign(1.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(call(batch) ** 2)
        gradients = tape.gradient(loss, network.trainable_variables)
        for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
            if "recognition" not in variable.path:
                largest = float(tf.reduce_max(tf.abs(tf.convert_to_tensor(gradient))))
                assert largest > 0, variable.path
    assert Conv3DTranspose in kinds(generator)
    assert Conv3D in kinds(discriminator)


def check_rounding(errors: np.ndarray, reference: np.ndarray, precision: str) -> None:
    """Check that clips differ from float32's by what rounding in every layer accounts for.

    Processors without bfloat16 units also round partial sums: that doubles the error of one that
    sums in float32 (measured for sagan, whose outputs are the largest: a root mean square of 0.013
    against 0.006, and single pixels off by 0.20 against 0.07). So the bound is on the root mean
    square, in units of the precision's rounding error; it is 3 to 4 on such a processor, for dcgan,
    vgan and sagan and both precisions alike.
    """
    unit = {"mixed_bfloat16": 2.0**-8, "mixed_float16": 2.0**-11}[precision]
    root_mean_square = np.sqrt(np.mean(np.square(errors)))
    assert root_mean_square <= 8 * unit * np.sqrt(np.mean(np.square(reference)))
    assert np.quantile(np.abs(errors), 0.999) <= 0.1 * dcgan.BOUND


def kinds(network: keras.Model) -> set[type]:
    """Return the types of all layers, also of those within others."""
    return {type(layer) for layer in network._flatten_layers()}


def check_samples_apart(call: Callable[..., tf.Tensor], batch: dict[str, np.ndarray]) -> None:
    """One backward pass can serve both networks only if no sample feels its neighbours."""
    together = call(batch, training=False).numpy()
    single = [{name: values[i : i + 1] for name, values in batch.items()} for i in range(3)]
    alone = np.concatenate([call(sample, training=False) for sample in single])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-4


def build(config: ModelConfig, width: int, height: int) -> tuple[keras.Model, keras.Model]:
    """Return a model's generator and the first of its discriminators."""
    networks = build_discriminators(config, height, width)
    return build_generator(config, height, width), next(iter(networks.values()))


def test_every_model_is_checked() -> None:
    assert set(TINY) == set(MODELS)


@pytest.mark.parametrize(("model", "width", "height"), some(WHOLE, QUICK_WHOLE))
def test_model(model: str, width: int, height: int) -> None:
    check_model(TINY[model], width, height)


@pytest.mark.parametrize("model", MODELS)
def test_seed_decides_initial_weights(model: str) -> None:
    weights = []
    for seed in (3, 3, 4):
        runtime.seed_everything(seed)
        generator = build_generator(TINY[model], 32, 32)
        weights.append(np.concatenate([w.ravel() for w in generator.get_weights()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - weights[2]).max() > 0


@pytest.mark.parametrize(("model", "width", "height"), some(EVERY_SIZE, QUICK_SIZES))
def test_sizes(model: str, width: int, height: int) -> None:
    frames = FRAME_COUNTS[SIZES.index((width, height)) % len(FRAME_COUNTS)]
    config = TINY[model].replace(frames=frames, discriminators=",".join(DISCRIMINATORS))
    generator = build_generator(config, height, width)
    assert generator.output_shape in [(None, t, height, width, 3) for t in (frames, None)]
    shapes = {"clip": (frames, height, width), "frames": (1, height, width)}
    shapes["small"] = (frames, height // 2, width // 2)
    for name, network in build_discriminators(config, height, width).items():
        assert network.input["clip"].shape == (None, *shapes[name], 3)
        assert network.output["logit"].shape == (None, 1)


@pytest.mark.parametrize(("model", "frames"), some(EVERY_LENGTH, QUICK_LENGTHS))
def test_224_runs_at_every_length(model: str, frames: int) -> None:
    """The size in the user's own description."""
    config = TINY[model].replace(frames=frames, discriminators="clip")
    generator, discriminator = build(config, 224, 224)
    clip = generator(from_seeds(latents(config), [0]))
    assert clip.shape == (1, frames, 224, 224, 3)
    assert discriminator({"clip": clip})["logit"].shape == (1, 1)


@pytest.mark.parametrize("frames", FRAME_COUNTS)
def test_pyramid_reaches_the_size(frames: int) -> None:
    for width in SIDES:
        for height in SIDES:
            pyramid = Pyramid.build(frames, height, width)
            scale = np.prod(pyramid.strides, axis=0)
            np.testing.assert_array_equal(pyramid.base * scale, (frames, height, width))
            assert all(4 <= side <= 7 for side in pyramid.base[1:])
            assert pyramid.base[0] >= 2


def test_exactly_these_sides_split() -> None:
    fitting = set()
    for side in range(1, 600):
        try:
            base, doublings = split_side(side)
        except OptionError:
            continue
        assert base << doublings == side
        fitting.add(side)
    assert fitting == set(SIDES)
    assert (min(SIDES), max(SIDES)) == (MIN_SIDE, MAX_SIDE)


@pytest.mark.parametrize(("side", "possible"), [(16, 32), (100, 112), (65, 80), (1920, 512)])
def test_other_sides_name_one_that_is_possible(side: int, possible: int) -> None:
    for width, height in ((side, 64), (64, side)):
        with pytest.raises(OptionError) as caught:
            build_generator(TINY["dcgan"], height, width)
        assert f"a side of {side} pixels" in str(caught.value)
        assert str(caught.value).endswith(f"such as {possible}")


@pytest.mark.parametrize("frames", [9, 12, 24])
def test_other_lengths(frames: int) -> None:
    with pytest.raises(OptionError, match=f"--frames {frames} is none of 8, 16, 32"):
        TINY["dcgan"].replace(frames=frames)


@pytest.mark.parametrize("model", MODELS)
def test_channels_scale_the_networks(model: str) -> None:
    wide = TINY[model].replace(g_channels=8, d_channels=8)
    for small, large in zip(build(TINY[model], 32, 32), build(wide, 32, 32), strict=True):
        assert large.count_params() > 1.4 * small.count_params()


def test_options_of_other_models_are_refused() -> None:
    with pytest.raises(OptionError, match="--categories has no meaning for --model dcgan"):
        resolve(ModelConfig(categories=4))


@pytest.mark.parametrize(
    ("views", "message"), [("clip,film", "'film' is none of"), ("clip,clip", "named once")]
)
def test_discriminators_are_checked(views: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        resolve(ModelConfig(discriminators=views))


def test_black_can_be_learned() -> None:
    """Where a picture is black, what makes it darker or lighter still has a slope."""
    values = tf.Variable(tf.zeros((1, 1)))
    tensor = keras.Input((1,))
    network = keras.Model(tensor, dcgan.bound_colours(tensor, "clip"))
    optimizer = keras.optimizers.SGD(1.0)
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(network(values) + 1))
        optimizer.apply([tape.gradient(loss, values)], [values])
    with tf.GradientTape() as tape:
        colour = tf.reduce_sum(network(values))
    assert float(colour) == pytest.approx(-1, abs=1e-3)
    assert float(tape.gradient(colour, values)[0, 0]) > 0.3
