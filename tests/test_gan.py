"""VideoGAN's step: above all, that one shared backward pass gives what two separate ones give."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vidgan import augment, runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.losses import LOSSES
from vidgan.models import build_discriminator, build_generator
from vidgan.training.build import build_gan
from vidgan.training.gan import VideoGAN
from vidgan.training.run import Run

MODEL = ModelConfig(frames=8, latent_dim=6, g_channels=4, d_channels=4)
SEED = tf.constant((5, 6), tf.int32)
EVERYTHING = ("color", "translation", "cutout")


def clips(count=4, side=32, seed=0):
    """Smooth moving waves, different in every clip."""
    random = np.random.default_rng(seed)
    t, y, x = np.meshgrid(*(np.arange(n) for n in (8, side, side)), indexing="ij")
    phase = random.uniform(0, 6, (count, 1, 1, 1, 3))
    slope = random.uniform(-0.3, 0.3, (3, count, 1, 1, 1, 1))
    waves = slope[0] * t[..., None] + slope[1] * y[..., None] + slope[2] * x[..., None]
    return tf.constant(0.8 * np.sin(waves + phase), tf.float32)


def make_gan(seed=0, **options):
    runtime.seed_everything(seed)
    gan = VideoGAN(build_generator(MODEL, 32, 32), build_discriminator(MODEL, 32, 32), seed)
    adam = [keras.optimizers.Adam(2e-3, 0.5, 0.99) for _ in range(2)]
    gan.compile(*adam, **options)
    return gan


def tiny_run(**options):
    train = TrainConfig(batch_size=2, **options)
    return Run(None, MODEL, train, None, (32, 32), 25.0)


def weights(network):
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


def separate_gradients(generator, discriminator, loss, names, real, latents):
    """The ordinary step, written out: one backward pass for D's loss, another for G's."""

    def judge(fake):
        batch = augment.augment(tf.concat([real, fake], axis=0), names, SEED)
        logits = discriminator(batch, training=True)
        return logits[: len(real)], logits[len(real) :]

    with tf.GradientTape() as tape:
        on_real, on_fake = judge(tf.stop_gradient(generator(latents, training=True)))
        d_loss = tf.reduce_mean(loss.discriminator_real(on_real))
        d_loss += tf.reduce_mean(loss.discriminator_fake(on_fake))
    d_gradients = tape.gradient(d_loss, discriminator.trainable_variables)
    with tf.GradientTape() as tape:
        _, on_fake = judge(generator(latents, training=True))
        g_loss = tf.reduce_mean(loss.generator(on_fake))
    return d_gradients, tape.gradient(g_loss, generator.trainable_variables), on_fake


def shared_gradients(gan, real, latents):
    with tf.GradientTape() as tape:
        fake = gan.generator(latents, training=True)
    d_gradients, fake_gradient, logs = gan._shared_gradients(real, fake, SEED)
    g_gradients = tape.gradient(
        fake, gan.generator.trainable_variables, output_gradients=fake_gradient
    )
    return d_gradients, g_gradients, logs


def error(found, expected):
    """Return the relative error of a gradient, in the Euclidean norm."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("bias", [0, 20, -20, -60], ids="bias{}".format)
@pytest.mark.parametrize("names", [(), EVERYTHING], ids=["plain", "augmented"])
@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.shares_backward])
def test_shared_backward_pass_equals_two(loss, names, bias):
    """Also where D is so sure that the two losses' derivatives are 26 powers of ten apart."""
    gan = make_gan(augmentation=names, loss=loss)
    last = gan.discriminator.layers[-1]
    last.bias.assign([float(bias)])
    real, latents = clips(), tf.random.stateless_normal((4, MODEL.latent_dim), (1, 2))
    d_expected, g_expected, logits = separate_gradients(
        gan.generator, gan.discriminator, LOSSES[loss], names, real, latents
    )
    d_found, g_found, logs = shared_gradients(gan, real, latents)
    # Each fake clip has a logit, so a ratio, of its own: a common factor would not do.
    assert np.ptp(logits) > 0.05
    assert np.all(np.sign(logits) == np.sign(bias)) or bias == 0
    variables = [*gan.discriminator.trainable_variables, *gan.generator.trainable_variables]
    for variable, found, expected in zip(
        variables, [*d_found, *g_found], [*d_expected, *g_expected], strict=True
    ):
        assert float(tf.norm(expected)) > 0
        assert error(found, expected) < 1e-5, variable.path
    assert float(logs["g_loss"]) == pytest.approx(
        float(tf.reduce_mean(LOSSES[loss].generator(logits))), rel=1e-5
    )


def test_shared_backward_pass_against_float64():
    """Both ways round differently; neither may be farther from the truth than float32 is."""
    gan = make_gan(augmentation=("translation",))
    real, latents = clips(2), tf.random.stateless_normal((2, MODEL.latent_dim), (1, 2))
    d_found, g_found, _ = shared_gradients(gan, real, latents)
    runtime.set_precision("float64")
    try:
        exact = [build_generator(MODEL, 32, 32), build_discriminator(MODEL, 32, 32)]
        exact = [as_float64(network) for network in exact]
    finally:
        runtime.set_precision("float32")
    for network, source in zip(exact, (gan.generator, gan.discriminator), strict=True):
        network.set_weights(source.get_weights())
    d_expected, g_expected, _ = separate_gradients(
        *exact,
        LOSSES["non-saturating"],
        ("translation",),
        tf.cast(real, tf.float64),
        tf.cast(latents, tf.float64),
    )
    for found, expected in zip([*d_found, *g_found], [*d_expected, *g_expected], strict=True):
        assert error(found, expected) < 1e-5


def as_float64(network):
    """Return a network whose layers all compute in float64, those that ask for float32 as well."""
    return keras.models.clone_model(
        network,
        clone_function=lambda layer: type(layer).from_config(
            {**layer.get_config(), "dtype": "float64"}
        ),
    )


def test_separate_passes_are_the_fallback():
    """A loss without ``shares_backward`` gives the ordinary gradients, in two passes."""
    loss = dataclasses.replace(LOSSES["non-saturating"], shares_backward=False)
    gan = make_gan(loss=loss, augmentation=EVERYTHING)
    assert not gan.shares_backward
    real, latents = clips(), tf.random.stateless_normal((4, MODEL.latent_dim), (1, 2))
    with tf.GradientTape() as tape:
        fake = gan.generator(latents, training=True)
    d_found, at_fake, _ = gan._separate_gradients(real, fake, SEED)
    g_found = tape.gradient(fake, gan.generator.trainable_variables, output_gradients=at_fake)
    d_expected, g_expected, _ = separate_gradients(
        gan.generator, gan.discriminator, loss, EVERYTHING, real, latents
    )
    for found, expected in zip([*d_found, *g_found], [*d_expected, *g_expected], strict=True):
        assert error(found, expected) < 1e-5


def test_whole_step_is_the_same_either_way():
    """Through ``train_step``: R1, optimizers and average included."""
    ends = []
    for share in (True, False):
        gan = make_gan(augmentation=EVERYTHING, r1=1.0, r1_every=2, share_backward=share)
        assert gan.shares_backward == share
        # Adam's first step is the sign of the gradient, which rounding may turn; SGD's is not.
        gan.compile(
            keras.optimizers.SGD(0.05),
            keras.optimizers.SGD(0.05),
            augmentation=EVERYTHING,
            r1=1.0,
            r1_every=2,
            share_backward=share,
        )
        for seed in range(2):
            gan.train_step(clips(seed=seed))
        ends.append([weights(n) for n in (gan.generator, gan.discriminator, gan.generator_ema)])
    start = weights(make_gan().generator)
    for shared, separate in zip(*ends, strict=True):
        np.testing.assert_allclose(shared, separate, rtol=1e-4, atol=1e-6)
    assert np.abs(ends[0][0] - start).max() > 1e-4


def linear_discriminator():
    clip = keras.Input((8, 32, 32, 3))
    return keras.Model(
        clip, layers.Dense(1, kernel_initializer="he_normal")(layers.Flatten()(clip))
    )


def test_r1_of_a_linear_discriminator():
    """D = w·x: the penalty is ½|w|², what it adds to the gradient is w, times weight and delay."""
    gan = VideoGAN(build_generator(MODEL, 32, 32), linear_discriminator())
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), r1=3.0, r1_every=5)
    kernel, bias = gan.discriminator.trainable_variables
    zeros = [tf.zeros_like(kernel), tf.zeros_like(bias)]
    added, penalty = gan._add_r1(zeros, clips(), SEED)
    assert float(penalty) == pytest.approx(0.5 * float(tf.reduce_sum(kernel**2)), rel=1e-5)
    np.testing.assert_allclose(added[0], 15.0 * kernel, rtol=1e-5)
    np.testing.assert_array_equal(added[1], [0.0])


def test_r1_against_differences():
    """The gradient of a penalty that is a gradient itself, along one direction of the weights."""
    clip = keras.Input((8, 32, 32, 3))
    # Smooth: the penalty of a network with kinks jumps, so that differences say nothing.
    x = layers.Conv3D(4, 4, 2, "same", activation="tanh", kernel_initializer="he_normal")(clip)
    x = layers.Conv3D(4, 3, 2, "same", activation="tanh", kernel_initializer="he_normal")(x)
    smooth = keras.Model(clip, layers.Dense(1)(layers.Flatten()(x)))
    gan = VideoGAN(build_generator(MODEL, 32, 32), smooth)
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), r1=1.0, r1_every=1)
    variables = gan.discriminator.trainable_variables
    random = np.random.default_rng(0)
    directions = [tf.constant(random.normal(size=v.shape), tf.float32) for v in variables]
    real, zeros = clips(2), [tf.zeros_like(v) for v in variables]
    added, _ = gan._add_r1(zeros, real, SEED)
    slope = sum(float(tf.reduce_sum(a * d)) for a, d in zip(added, directions, strict=True))
    starts = [variable.numpy() for variable in variables]
    values = []
    for width in (1e-3, -1e-3):
        for variable, start, direction in zip(variables, starts, directions, strict=True):
            variable.assign(start + width * direction)
        values.append(float(gan._add_r1(zeros, real, SEED)[1]))
    assert slope == pytest.approx((values[0] - values[1]) / 2e-3, rel=0.01)


def test_r1_only_at_every_kth_step():
    gan = make_gan(r1=1.0, r1_every=3)
    step = tf.function(gan.train_step)
    measured = [bool(np.isfinite(float(step(clips())["r1"]))) for _ in range(7)]
    assert measured == [True, False, False, True, False, False, True]


def test_without_r1_none_is_reported():
    assert "r1" not in make_gan(r1=0.0).train_step(clips(2))


def test_r1_sees_augmented_clips():
    """D never sees plain clips, so its slope counts where it does see them."""
    penalties = []
    for names in ((), EVERYTHING):
        gan = make_gan(augmentation=names, r1=1.0)
        penalties.append(float(gan.train_step(clips())["r1"]))
    assert penalties[0] != pytest.approx(penalties[1], rel=1e-3)


def test_moving_average():
    gan = make_gan(ema=0.25)
    expected = weights(gan.generator_ema)
    np.testing.assert_array_equal(expected, weights(gan.generator))
    for step in range(4):
        gan.train_step(clips(2, seed=step))
        # At first the average follows faster than its decay says.
        decay = min(0.25, (1 + step) / (10 + step))
        expected = expected * decay + weights(gan.generator) * (1 - decay)
        np.testing.assert_allclose(weights(gan.generator_ema), expected, rtol=1e-4, atol=1e-6)
    assert np.abs(expected - weights(gan.generator)).max() > 1e-5
    latents = np.ones((2, MODEL.latent_dim), np.float32)
    np.testing.assert_array_equal(gan(latents), gan.generator_ema(latents))


def test_plain_keras_fit():
    """The same steps as the training loop takes, from ``fit`` with nothing but Keras."""
    batches = [clips(2, seed=seed) for seed in range(3)]
    data = tf.data.Dataset.from_tensor_slices(tf.concat(batches, axis=0)).batch(2, True)
    fitted = make_gan(r1=1.0, r1_every=2)
    history = fitted.fit(data, epochs=2, verbose=0, shuffle=False)
    assert set(history.history) >= {"d_loss", "g_loss", "d_acc_real", "d_acc_fake"}
    assert np.isfinite(history.history["d_loss"]).all()
    assert int(fitted.step) == 6
    stepped = make_gan(r1=1.0, r1_every=2)
    step = tf.function(stepped.train_step)
    for batch in batches * 2:
        step(batch)
    for network in ("generator", "discriminator", "generator_ema"):
        np.testing.assert_allclose(
            weights(getattr(fitted, network)), weights(getattr(stepped, network)), atol=1e-6
        )


def test_logs():
    gan = make_gan()
    gan.discriminator.layers[-1].kernel.assign(tf.zeros_like(gan.discriminator.layers[-1].kernel))
    gan.discriminator.layers[-1].bias.assign([2.0])
    logs = {name: float(value) for name, value in gan.train_step(clips()).items()}
    positive = np.log1p(np.exp(2.0))
    assert logs["g_loss"] == pytest.approx(positive - 2, rel=1e-5)
    assert logs["d_loss"] == pytest.approx(positive + positive - 2, rel=1e-5)
    assert (logs["d_acc_real"], logs["d_acc_fake"]) == (1.0, 0.0)


def test_discriminator_learns():
    """Against a generator that stands still, D must come to tell real from fake."""
    gan = make_gan()
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-3))
    step = tf.function(gan.train_step)
    losses = [float(step(clips())["d_loss"]) for _ in range(25)]
    assert np.mean(losses[-3:]) < 0.5 * losses[0]


def test_generator_learns():
    """Against a discriminator that stands still, G must come to please it."""
    gan = make_gan()
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.SGD(0.0))
    step = tf.function(gan.train_step)
    losses = [float(step(clips())["g_loss"]) for _ in range(25)]
    assert np.mean(losses[-3:]) < 0.9 * losses[0]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_precisions_train(precision):
    gan = build_gan(tiny_run(precision=precision, r1_every=2))
    assert keras.config.dtype_policy().name == "float32", "the policy must not leak"
    assert gan.shares_backward == (precision != "mixed_float16")
    before = weights(gan.generator), weights(gan.discriminator)
    step = tf.function(gan.train_step)
    for seed in range(3):
        logs = step(clips(2, seed=seed))
        assert all(np.isfinite(float(logs[name])) for name in ("d_loss", "g_loss"))
    after = weights(gan.generator), weights(gan.discriminator)
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all()
        assert np.abs(new - old).max() > 0
    assert all(weight.dtype == "float32" for weight in gan.weights if weight is not gan.step)


def test_steps_are_repeatable():
    ends = []
    for _ in range(2):
        gan = build_gan(tiny_run(seed=7, r1_every=2))
        step = tf.function(gan.train_step)
        for number in range(3):
            step(clips(2, seed=number))
        ends.append(np.concatenate([weights(gan.generator), weights(gan.discriminator)]))
    np.testing.assert_array_equal(ends[0], ends[1])


def test_seed_reaches_latents_and_augmentation():
    """Equal weights and clips, another seed: another step."""
    ends = []
    for seed in (7, 8):
        gan = make_gan(augmentation=("color",))
        gan.seed = seed
        gan.train_step(clips(2))
        ends.append(weights(gan.discriminator))
    assert np.abs(ends[0] - ends[1]).max() > 0


def test_learning_rates_stay_apart():
    gan = build_gan(tiny_run(g_lr=1e-3, d_lr=1e-5))
    before = weights(gan.generator), weights(gan.discriminator)
    gan.train_step(clips(2))
    moved = [
        np.abs(weights(network) - old).max()
        for network, old in zip((gan.generator, gan.discriminator), before, strict=True)
    ]
    # Adam's first step is as long as its learning rate.
    np.testing.assert_allclose(moved, (1e-3, 1e-5), rtol=0.05)


def test_penalty_at_the_full_size_and_a_larger_batch():
    """TensorFlow's rewriting of sums once broke this step, and no smaller one."""
    runtime.prepare()
    model = ModelConfig()
    networks = build_generator(model, 64, 64), build_discriminator(model, 64, 64)
    gan = VideoGAN(*networks)
    gan.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4), r1=1.0, r1_every=1)
    step = tf.function(gan.train_step, jit_compile=False)
    logs = step(tf.random.stateless_normal((8, model.frames, 64, 64, 3), (0, 1)))
    assert all(np.isfinite(float(value)) for value in logs.values())
