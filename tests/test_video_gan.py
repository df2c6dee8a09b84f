"""VideoGAN's step: above all, that one shared backward pass gives what two separate ones give."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import ArrayLike

from vidgan import augment, runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.losses import LOSSES, Loss
from vidgan.models import build_discriminators, build_generator, latents, resolve
from vidgan.tasks.synthesis import build_gan
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.discriminator_step import DiscriminatorBatch
from vidgan.training.run import Run

MODEL = resolve(ModelConfig(frames=8, latent_dim=6, g_channels=4, d_channels=4, reconstruction=0.0))
SEED = tf.constant((5, 6), tf.int32)
EVERYTHING = "color,translation,cutout"
# The generator's and the discriminator's.
Optimizers = tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]


def clips(count: int = 4, side: int = 32, seed: int = 0) -> tf.Tensor:
    """Smooth moving waves, different in every clip."""
    random = np.random.default_rng(seed)
    t, y, x = np.meshgrid(*(np.arange(n) for n in (8, side, side)), indexing="ij")
    phase = random.uniform(0, 6, (count, 1, 1, 1, 3))
    slope = random.uniform(-0.3, 0.3, (3, count, 1, 1, 1, 1))
    waves = slope[0] * t[..., None] + slope[1] * y[..., None] + slope[2] * x[..., None]
    return tf.constant(0.8 * np.sin(waves + phase), tf.float32)


def make_gan(
    seed: int = 0,
    model: ModelConfig = MODEL,
    optimizers: Optimizers | None = None,
    share_backward: bool = True,
    networks: dict[str, keras.Model] | None = None,
    **options: Any,
) -> VideoGAN:
    """Build a gan; without options one without augmentation and penalties."""
    runtime.seed_everything(seed)
    networks = networks or build_discriminators(model, 32, 32)
    gan = VideoGAN(model, latents(model), build_generator(model, 32, 32), networks, seed)
    g_optimizer, d_optimizer = optimizers or (
        keras.optimizers.Adam(2e-3, 0.5, 0.99),
        keras.optimizers.Adam(2e-3, 0.5, 0.99),
    )
    train = TrainConfig(**{"augment": "none", "r1": 0.0, **options})
    gan.compile(g_optimizer, d_optimizer, train, share_backward)
    return gan


def sgd(g_rate: float = 0.05, d_rate: float = 0.05) -> Optimizers:
    return keras.optimizers.SGD(g_rate), keras.optimizers.SGD(d_rate)


def discriminator(gan: VideoGAN) -> keras.Model:
    return gan.discriminators["clip"]


def head(gan: VideoGAN) -> keras.Layer:
    return discriminator(gan).get_layer("logit")


def draw(count: int = 4) -> dict[str, tf.Tensor]:
    return {"latent": tf.random.stateless_normal((count, MODEL.latent_dim), (1, 2))}


def tiny_run(**options: Any) -> Run:
    train = TrainConfig(batch_size=2, **options)
    return Run(Path(), MODEL, train, Path(), (32, 32), 25.0)


def weights(network: keras.Model) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


def separate_gradients(
    generator: keras.Model,
    network: keras.Model,
    loss: Loss,
    names: str,
    real: tf.Tensor,
    drawn: dict[str, tf.Tensor],
) -> tuple[list[tf.Tensor], list[tf.Tensor], tf.Tensor, tf.Tensor]:
    """The ordinary step, written out: one backward pass for D's loss, another for G's."""

    def forward(fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = augment.augment(tf.concat([real, fake], axis=0), augment.parse(names), SEED)
        logits = network({"clip": batch}, training=True)["logit"]
        return logits[: len(real)], logits[len(real) :]

    with tf.GradientTape() as tape:
        on_real, on_fake = forward(tf.stop_gradient(generator(drawn, training=True)))
        d_loss = tf.reduce_mean(loss.discriminator(on_real, on_fake))
    d_gradients = tape.gradient(d_loss, network.trainable_variables)
    with tf.GradientTape() as tape:
        on_real, on_fake = forward(generator(drawn, training=True))
        g_loss = tf.reduce_mean(loss.generator(on_real, on_fake))
    g_gradients = tape.gradient(g_loss, generator.trainable_variables)
    return d_gradients, g_gradients, on_real, on_fake


def gan_gradients(
    gan: VideoGAN, names: str, real: tf.Tensor, drawn: dict[str, tf.Tensor]
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """The same from the gan's own discriminator step."""
    with tf.GradientTape() as tape:
        fake = gan.generator(drawn, training=True)
        both = augment.augment(tf.concat([real, fake], axis=0), augment.parse(names), SEED)
    found = gan._gradients(gan.discriminator_steps[0], DiscriminatorBatch(both, None, drawn))
    variables = gan.generator.trainable_variables
    return found.discriminator, tape.gradient(
        both, variables, output_gradients=found.input_gradients
    )


def norm(values: ArrayLike) -> float:
    """Return the Euclidean norm, in float64: the squares of small gradients leave float32."""
    return float(np.linalg.norm(np.asarray(values, np.float64)))


def error(found: ArrayLike, expected: ArrayLike) -> float:
    """Return the relative error of a gradient, in the Euclidean norm."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.fixture(scope="module", params=LOSSES)
def untrained(request: pytest.FixtureRequest) -> VideoGAN:
    """A gan with each loss; tests set the last bias of its discriminator."""
    return make_gan(loss=request.param)


@pytest.mark.parametrize("bias", [0, 20, -20, -60], ids="bias{}".format)
@pytest.mark.parametrize("names", ["none", EVERYTHING], ids=["plain", "augmented"])
def test_shared_backward_pass_equals_two(untrained: VideoGAN, names: str, bias: int) -> None:
    """Also where D is so sure that the two losses' derivatives are 26 powers of ten apart.

    Or where the hinge gives D nothing to learn from a clip that G learns from.
    """
    gan, functions = untrained, LOSSES[untrained.train_config.loss]
    head(gan).bias.assign([float(bias)])
    real, drawn = clips(), draw()
    d_expected, g_expected, _, on_fake = separate_gradients(
        gan.generator, discriminator(gan), functions, names, real, drawn
    )
    d_found, g_found = gan_gradients(gan, names, real, drawn)
    # Each fake clip has a logit, so a ratio, of its own: a common factor would not do.
    assert np.ptp(on_fake) > 0.05
    assert np.all(np.sign(on_fake) == np.sign(bias)) or bias == 0
    variables = [*discriminator(gan).trainable_variables, *gan.generator.trainable_variables]
    for variable, found, expected in zip(
        variables, [*d_found, *g_found], [*d_expected, *g_expected], strict=True
    ):
        if variable is head(gan).bias and norm(expected) < 1e-6:
            # Both logits move alike: nothing is learnt, and what is left is rounding.
            assert norm(found) < 1e-6
            continue
        # A bias before frame gains is a sum that nearly cancels out.
        assert error(found, expected) < 3e-5, variable.path


def test_shared_backward_pass_against_float64() -> None:
    """Both ways round differently; neither may be farther from the truth than float32 is."""
    gan = make_gan(augment="translation")
    real, drawn = clips(2), draw(2)
    d_found, g_found = gan_gradients(gan, "translation", real, drawn)
    runtime.set_precision("float64")
    try:
        built = build_generator(MODEL, 32, 32), build_discriminators(MODEL, 32, 32)["clip"]
        generator, judge = (as_float64(network) for network in built)
    finally:
        runtime.set_precision("float32")
    generator.set_weights(gan.generator.get_weights())
    judge.set_weights(discriminator(gan).get_weights())
    d_expected, g_expected, _, _ = separate_gradients(
        generator,
        judge,
        LOSSES["non-saturating"],
        "translation",
        tf.cast(real, tf.float64),
        {name: tf.cast(values, tf.float64) for name, values in drawn.items()},
    )
    for found, expected in zip([*d_found, *g_found], [*d_expected, *g_expected], strict=True):
        # A bias is a sum over all places that nearly cancels out.
        assert error(found, expected) < 1e-4


def as_float64(network: keras.Model) -> keras.Model:
    """Return a network whose layers all compute in float64, those that ask for float32 as well."""

    def clone(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.Model):
            return as_float64(layer)
        # Not among the arguments of a Float32Layer.
        made = type(layer).from_config(layer.get_config())
        made.dtype_policy = "float64"
        return made

    return keras.models.clone_model(network, clone_function=clone)


@pytest.mark.parametrize("loss", LOSSES)
def test_separate_passes_are_the_fallback(loss: str) -> None:
    gan = make_gan(loss=loss, share_backward=False)
    assert not gan.shares_backward
    real, drawn = clips(), draw()
    d_found, g_found = gan_gradients(gan, EVERYTHING, real, drawn)
    d_expected, g_expected, _, _ = separate_gradients(
        gan.generator, discriminator(gan), LOSSES[loss], EVERYTHING, real, drawn
    )
    for found, expected in zip([*d_found, *g_found], [*d_expected, *g_expected], strict=True):
        if norm(expected) > 1e-6:  # Not the last bias of a loss of differences.
            assert error(found, expected) < 1e-5


@pytest.mark.parametrize("views", ["clip", "frames,small", "clip,frames"])
def test_whole_step_is_the_same_either_way(views: str) -> None:
    """Through ``train_step``: views, R1, optimizers and average included."""
    ends, model = [], MODEL.replace(discriminators=views)
    options: dict[str, Any] = {
        "augment": EVERYTHING,
        "r1": 1.0,
        "penalty_every": 2,
        "label_smoothing": 0.1,
    }
    for share in (True, False):
        # Adam's first step is the sign of the gradient, which rounding may turn; SGD's is not.
        gan = make_gan(model=model, optimizers=sgd(), share_backward=share, **options)
        assert gan.shares_backward == share
        for seed in range(2):
            gan.train_step(clips(seed=seed))
        networks = [gan.generator, *gan.discriminators.values(), gan.generator_ema]
        ends.append([weights(network) for network in networks])
    start = weights(make_gan().generator)
    for shared, separate in zip(*ends, strict=True):
        np.testing.assert_allclose(shared, separate, rtol=1e-4, atol=2e-6)
    assert np.abs(ends[0][0] - start).max() > 1e-4


def linear_discriminator() -> dict[str, keras.Model]:
    clip = keras.Input((8, 32, 32, 3), name="clip")
    flat = layers.Flatten()(clip)
    logit = layers.Dense(1, kernel_initializer="he_normal", name="logit")(flat)
    return {"clip": keras.Model({"clip": clip}, {"logit": logit})}


def added_by_penalties(
    gan: VideoGAN, real: tf.Tensor
) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
    """What the penalties add to D's gradients, and the penalties."""
    zeros = [tf.zeros_like(variable) for variable in discriminator(gan).trainable_variables]
    both = tf.concat([real, real[::-1] * 0.5], axis=0)
    return gan._add_penalties(zeros, [DiscriminatorBatch(both, None, {})], SEED)


def test_r1_of_a_linear_discriminator() -> None:
    """D = w·x: the penalty is ½|w|², what it adds to the gradient is w, times weight and delay."""
    gan = make_gan(networks=linear_discriminator(), r1=3.0, penalty_every=5)
    kernel, _ = discriminator(gan).trainable_variables
    added, penalties = added_by_penalties(gan, clips())
    assert float(penalties["r1"]) == pytest.approx(0.5 * float(tf.reduce_sum(kernel**2)), rel=1e-5)
    np.testing.assert_allclose(added[0], 15.0 * kernel, rtol=1e-5)
    np.testing.assert_array_equal(added[1], [0.0])


def test_r1_against_differences() -> None:
    """The gradient of a penalty that is a gradient itself, along one direction of the weights."""
    clip = keras.Input((8, 32, 32, 3), name="clip")
    # Smooth: the penalty of a network with kinks jumps, so that differences say nothing.
    x = layers.Conv3D(4, 4, 2, "same", activation="tanh", kernel_initializer="he_normal")(clip)
    x = layers.Conv3D(4, 3, 2, "same", activation="tanh", kernel_initializer="he_normal")(x)
    logit = layers.Dense(1)(layers.Flatten()(x))
    smooth = {"clip": keras.Model({"clip": clip}, {"logit": logit})}
    gan = make_gan(networks=smooth, r1=1.0, penalty_every=1)
    variables = discriminator(gan).trainable_variables
    random = np.random.default_rng(0)
    directions = [tf.constant(random.normal(size=v.shape), tf.float32) for v in variables]
    added, _ = added_by_penalties(gan, clips(2))
    slope = sum(float(tf.reduce_sum(a * d)) for a, d in zip(added, directions, strict=True))
    starts = [variable.numpy() for variable in variables]
    values = []
    for width in (1e-3, -1e-3):
        for variable, start, direction in zip(variables, starts, directions, strict=True):
            variable.assign(start + width * direction)
        values.append(float(added_by_penalties(gan, clips(2))[1]["r1"]))
    assert slope == pytest.approx((values[0] - values[1]) / 2e-3, rel=0.01)


def test_r1_only_at_every_kth_step() -> None:
    gan = make_gan(r1=1.0, penalty_every=3)
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    measured = [bool(np.isfinite(float(step(clips())["r1"]))) for _ in range(7)]
    assert measured == [True, False, False, True, False, False, True]


def test_without_r1_none_is_reported() -> None:
    assert "r1" not in make_gan(r1=0.0).train_step(clips(2))


def test_r1_sees_augmented_clips() -> None:
    """D never sees plain clips, so its slope counts where it does see them."""
    penalties = []
    for names in ("none", EVERYTHING):
        gan = make_gan(augment=names, r1=1.0)
        penalties.append(float(gan.train_step(clips())["r1"]))
    assert penalties[0] != pytest.approx(penalties[1], rel=1e-3)


def test_moving_average() -> None:
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
    np.testing.assert_array_equal(gan(draw(2)), gan.generator_ema(draw(2)))


def test_plain_keras_fit() -> None:
    """The same steps as the training loop takes, from ``fit`` with nothing but Keras."""
    batches = [clips(2, seed=seed) for seed in range(3)]
    data = tf.data.Dataset.from_tensor_slices(tf.concat(batches, axis=0)).batch(2, True)
    fitted = make_gan(r1=1.0, penalty_every=2)
    history = fitted.fit(data, epochs=2, verbose=0, shuffle=False)
    assert set(history.history) >= {"d_loss", "g_loss", "d_acc_real", "d_acc_fake"}
    assert np.isfinite(history.history["d_loss"]).all()
    assert int(fitted.step) == 6
    stepped = make_gan(r1=1.0, penalty_every=2)
    step = tf.function(stepped.train_step, autograph=False, jit_compile=False)
    for batch in batches * 2:
        step(batch)
    np.testing.assert_allclose(weights(fitted), weights(stepped), atol=1e-6)


def test_logs() -> None:
    gan = make_gan()
    head(gan).kernel.assign(tf.zeros_like(head(gan).kernel))
    head(gan).bias.assign([2.0])
    logs = {name: float(value) for name, value in gan.train_step(clips()).items()}
    positive = np.log1p(np.exp(2.0))
    assert logs["g_loss"] == pytest.approx(positive - 2, rel=1e-5)
    assert logs["d_loss"] == pytest.approx(positive + positive - 2, rel=1e-5)
    assert (logs["d_acc_real"], logs["d_acc_fake"]) == (1.0, 0.0)


def test_discriminator_learns() -> None:
    """Against a generator that stands still, D must come to tell real from fake."""
    gan = make_gan(optimizers=(keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-3)))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    losses = [float(step(clips())["d_loss"]) for _ in range(25)]
    assert np.mean(losses[-3:]) < 0.5 * losses[0]


def test_generator_learns() -> None:
    """Against a discriminator that stands still, G must come to please it."""
    gan = make_gan(optimizers=(keras.optimizers.Adam(1e-3), keras.optimizers.SGD(0.0)))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    losses = [float(step(clips())["g_loss"]) for _ in range(25)]
    assert np.mean(losses[-3:]) < 0.9 * losses[0]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_precisions_train(precision: str) -> None:
    gan = build_gan(tiny_run(precision=precision, penalty_every=2))
    assert keras.config.dtype_policy().name == "float32", "the policy must not leak"
    assert gan.shares_backward == (precision != "mixed_float16")
    before = weights(gan.generator), weights(discriminator(gan))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    for seed in range(3):
        logs = step(clips(2, seed=seed))
        assert all(np.isfinite(float(logs[name])) for name in ("d_loss", "g_loss"))
    after = weights(gan.generator), weights(discriminator(gan))
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all()
        assert np.abs(new - old).max() > 0
    assert all(weight.dtype == "float32" for weight in gan.weights if weight is not gan.step)


def test_steps_are_repeatable() -> None:
    ends = []
    for _ in range(2):
        gan = build_gan(tiny_run(seed=7, penalty_every=2))
        step = tf.function(gan.train_step, autograph=False, jit_compile=False)
        for number in range(3):
            step(clips(2, seed=number))
        ends.append(np.concatenate([weights(gan.generator), weights(discriminator(gan))]))
    np.testing.assert_array_equal(ends[0], ends[1])


def test_seed_reaches_latents_and_augmentation() -> None:
    """Equal weights and clips, another seed: another step."""
    ends = []
    for seed in (7, 8):
        gan = make_gan(augment="color")
        gan.seed = seed
        gan.train_step(clips(2))
        ends.append(weights(discriminator(gan)))
    assert np.abs(ends[0] - ends[1]).max() > 0


def test_learning_rates_stay_apart() -> None:
    gan = build_gan(tiny_run(g_lr=1e-3, d_lr=1e-5))
    before = weights(gan.generator), weights(discriminator(gan))
    gan.train_step(clips(2))
    moved = [
        np.abs(weights(network) - old).max()
        for network, old in zip((gan.generator, discriminator(gan)), before, strict=True)
    ]
    # Adam's first step is as long as its learning rate.
    np.testing.assert_allclose(moved, (1e-3, 1e-5), rtol=0.05)


def test_penalty_at_the_full_size_and_a_larger_batch() -> None:
    """TensorFlow's rewriting of sums once broke this step, and no smaller one."""
    runtime.prepare()
    model, train = ModelConfig(), TrainConfig(r1=1.0, penalty_every=1)
    gan = build_gan(Run(Path(), model, train, Path(), (64, 64), 25.0))
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    logs = step(tf.random.stateless_normal((8, model.frames, 64, 64, 3), (0, 1)))
    assert all(np.isfinite(float(value)) for value in logs.values())
