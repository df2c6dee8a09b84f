"""Options of training that fit any model: what each changes in a step of tiny networks."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vidgan import augment, runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.errors import OptionError
from vidgan.losses import LOSSES
from vidgan.models import latents, resolve
from vidgan.models.views import VIEWS
from vidgan.tasks import option_checks
from vidgan.tasks.video_gan import ADA_CLIPS, VideoGAN
from vidgan.training.discriminator_step import DiscriminatorBatch, DiscriminatorStep, Gradients
from vidgan.training.schedules import Schedules

MODEL = resolve(ModelConfig(frames=8, latent_dim=6, discriminators="clip"))
BATCH, SIDE = 4, 8
RATE = 0.1
EVERYTHING = "color,translation,cutout"


def generator(normalised: bool = False) -> keras.Model:
    latent = keras.Input((MODEL.latent_dim,), name="latent")
    x = layers.Dense(MODEL.frames * SIDE * SIDE * 3)(latent)
    if normalised:
        x = layers.BatchNormalization()(x)
    x = layers.Reshape((MODEL.frames, SIDE, SIDE, 3))(x)
    return keras.Model({"latent": latent}, layers.Activation("tanh")(x))


def discriminator(view: str = "clip", hidden: int = 5) -> keras.Model:
    """Return a discriminator of two layers, or of one without ``hidden``."""
    clip = keras.Input((*VIEWS[view].shape(MODEL, SIDE, SIDE), 3), name="clip")
    x = layers.Flatten()(clip)
    if hidden:
        x = layers.Dense(hidden, activation="tanh")(x)
    return keras.Model({"clip": clip}, {"logit": layers.Dense(1, name="logit")(x)})


def make_gan(
    views: str = "clip", hidden: int = 5, normalised: bool = False, **options: Any
) -> VideoGAN:
    """Build a gan whose networks learn by plain gradient descent; the same one every time."""
    networks = {}
    for view in views.split(","):
        runtime.seed_everything(len(view))
        networks[view] = discriminator(view, hidden)
    runtime.seed_everything(0)
    model = MODEL.replace(discriminators=views)
    gan = VideoGAN(model, latents(model), generator(normalised), networks, seed=3)
    train = TrainConfig(**{"augment": "none", "r1": 0.0, "g_lr": RATE, "d_lr": RATE, **options})
    gan.compile(keras.optimizers.SGD(RATE), keras.optimizers.SGD(RATE), train)
    return gan


def clips(seed: int = 0) -> tf.Tensor:
    return tf.random.stateless_uniform((BATCH, MODEL.frames, SIDE, SIDE, 3), (seed, 1), -1, 1)


def weights(network: keras.Model) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


def changes(gan: VideoGAN, data: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take a step; return the changes of the generator's and of the first discriminator's weights.

    Also what the discriminator saw.
    """
    d_step = gan.discriminator_steps[0]
    seen: list[DiscriminatorBatch] = []
    plain = d_step.shared_gradients

    def watched(items: DiscriminatorBatch) -> Gradients:
        seen.append(items)
        return plain(items)

    networks = gan.generator, d_step.network
    before = [weights(network) for network in networks]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(d_step, "shared_gradients", watched)
        gan.train_step(clips() if data is None else data)
    after = [weights(network) for network in networks]
    return after[0] - before[0], after[1] - before[1], seen[0].both.numpy()


# Unrolling


def sigmoid(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1 / (1 + np.exp(-x))
    return found


def forward(parameters: Sequence[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w, b, v, c = parameters
    hidden = np.tanh(x @ w + b)
    return hidden, hidden @ v + c


def gradient(parameters: Sequence[np.ndarray], x: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    """Return the gradient of the cross entropy with respect to D's weights, by hand."""
    hidden, logits = forward(parameters, x)
    at_logits = np.concatenate([-sigmoid(-logits[:count]), sigmoid(logits[count:])]) / count
    at_hidden = at_logits @ parameters[2].T * (1 - hidden**2)
    return x.T @ at_hidden, at_hidden.sum(0), hidden.T @ at_logits, at_logits.sum(0)


def unrolled_loss(
    parameters: Sequence[np.ndarray],
    x: np.ndarray,
    count: int,
    steps: int,
    rate: float,
    lengths: list[list[float]],
) -> float:
    """Return G's loss after D's steps, in float64.

    Args:
        lengths: what D's gradients are divided by, a list a step; filled where it is empty. They
            count as constants, so differences must not change them.
    """
    first = not lengths
    for step in range(steps):
        found = gradient(parameters, x, count)
        if first:
            lengths.append([np.sqrt(np.mean(g**2)) for g in found])
        parameters = [
            p - rate * g / length
            for p, g, length in zip(parameters, found, lengths[step], strict=True)
        ]
    logits = forward(parameters, x)[1][count:]
    return float(np.mean(np.logaddexp(0, -logits)))


@pytest.mark.parametrize("steps", [1, 3])
def test_unrolled_gradient_against_differences(steps: int) -> None:
    count, rate, width = 2, 0.05, 1e-5
    runtime.seed_everything(1)
    clip = keras.Input((2, 2, 2, 3), name="clip")
    hidden = layers.Dense(4, activation="tanh")(layers.Flatten()(clip))
    network = keras.Model({"clip": clip}, {"logit": layers.Dense(1)(hidden)})
    both = tf.random.stateless_uniform((2 * count, 2, 2, 2, 3), (0, 1), -1, 1)
    d_step = DiscriminatorStep(network, VIEWS["clip"], LOSSES["non-saturating"])
    before = weights(network)
    found = d_step.unrolled_gradient(DiscriminatorBatch(both, None, {}), steps, rate).numpy()
    np.testing.assert_array_equal(weights(network), before)

    parameters = [weight.astype(np.float64) for weight in network.get_weights()]
    x = both.numpy().astype(np.float64).reshape(2 * count, -1)
    lengths: list[list[float]] = []
    unrolled_loss(parameters, x, count, steps, rate, lengths)
    expected, plain = np.zeros_like(x), np.zeros_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for change in (width, -width):
            moved = x.copy()
            moved[index] += change
            values.append(unrolled_loss(parameters, moved, count, steps, rate, lengths))
            values.append(unrolled_loss(parameters, moved, count, 0, rate, []))
        expected[index] = (values[0] - values[2]) / (2 * width)
        plain[index] = (values[1] - values[3]) / (2 * width)
    fake = found.reshape(x.shape)[count:]
    np.testing.assert_allclose(fake, expected[count:], rtol=1e-3, atol=1e-6)
    assert np.abs(fake - plain[count:]).max() > 0.1 * np.abs(fake).max()


def test_unrolling_changes_the_generators_step_alone() -> None:
    plain, unrolled = changes(make_gan()), changes(make_gan(unroll=2))
    np.testing.assert_allclose(unrolled[1], plain[1], rtol=1e-5, atol=1e-8)
    assert np.abs(unrolled[0] - plain[0]).max() > 0.05 * np.abs(plain[0]).max()


def test_unrolling_imitates_steps_of_the_learning_rate() -> None:
    """With next to no learning rate D would stay as it is."""
    plain = changes(make_gan())
    still = changes(make_gan(unroll=2, d_lr=1e-8))
    np.testing.assert_allclose(still[0], plain[0], rtol=1e-3, atol=1e-7)


# Penalties


@pytest.mark.parametrize("name", ["r1", "r2", "gradient_penalty"])
def test_penalties_on_a_linear_discriminator(name: str) -> None:
    """The logit's gradient is the kernel, wherever it is taken."""
    weight, every = 0.01, 4
    plain = changes(make_gan(hidden=0))
    options: dict[str, Any] = {name: weight}
    gan = make_gan(hidden=0, penalty_every=every, **options)
    kernel = gan.discriminators["clip"].get_weights()[0].ravel()
    length = np.linalg.norm(kernel)
    change = changes(gan)[1] - plain[1]
    slope = kernel if name != "gradient_penalty" else 2 * (length - 1) * kernel / length
    np.testing.assert_allclose(change[:-1], -RATE * every * weight * slope, rtol=2e-3, atol=1e-6)
    assert change[-1] == pytest.approx(0, abs=1e-6)
    assert np.abs(changes(gan)[1]).max() > 0
    logs = gan.train_step(clips())
    assert np.isnan(float(logs[name])), "not due at every step"


def test_penalties_add_up() -> None:
    alone = [
        changes(make_gan(r1=0.1, penalty_every=1))[1],
        changes(make_gan(r2=0.1, penalty_every=1))[1],
    ]
    plain = changes(make_gan())[1]
    both = changes(make_gan(r1=0.1, r2=0.1, penalty_every=1))[1]
    np.testing.assert_allclose(both - plain, sum(alone) - 2 * plain, rtol=1e-3, atol=1e-6)
    assert np.abs(alone[0] - alone[1]).max() > 1e-4


def test_r2_looks_at_generated_items() -> None:
    """R1 of a batch is R2 of the batch with real and generated items exchanged."""
    runtime.seed_everything(2)
    d_step = DiscriminatorStep(discriminator(), VIEWS["clip"], LOSSES["hinge"])
    both = tf.concat([clips(0), 0.1 * clips(1)], axis=0)
    exchanged = tf.concat([both[BATCH:], both[:BATCH]], axis=0)
    seed = tf.constant((0, 1))
    r1, r2 = (
        [
            float(d_step.penalty(name, DiscriminatorBatch(i, None, {}), seed))
            for i in (both, exchanged)
        ]
        for name in ("r1", "r2")
    )
    assert r1 == pytest.approx(r2[::-1], rel=1e-5)
    assert abs(r1[0] - r2[0]) > 0.01 * r1[0]


# What the discriminator sees


def test_instance_noise_fades() -> None:
    plain = changes(make_gan())[2]
    noises = []
    for share in (0.0, 0.5, 1.0):
        gan = make_gan(instance_noise=0.4)
        gan.budget_used.assign(share)
        noises.append(changes(gan)[2] - plain)
    assert np.std(noises[0]) == pytest.approx(0.4, rel=0.03)
    assert np.mean(noises[0]) == pytest.approx(0, abs=0.03)
    np.testing.assert_allclose(noises[1], noises[0] / 2, atol=1e-6)
    np.testing.assert_array_equal(noises[2], 0)
    real, fake = noises[0][:BATCH].ravel(), noises[0][BATCH:].ravel()
    assert abs(np.corrcoef(real, fake)[0, 1]) < 0.05


def test_instance_noise_is_drawn_anew() -> None:
    gan = make_gan(instance_noise=0.4)
    seen = [changes(gan)[2][:BATCH] - clips().numpy() for _ in range(2)]
    assert abs(np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("name", augment.POLICIES)
def test_share_of_augmented_clips(name: str) -> None:
    many = tf.concat([clips(seed) for seed in range(32)], axis=0)
    seed = tf.constant((4, 5))
    always = augment.augment(many, (name,), seed)
    never = augment.augment(many, (name,), seed, tf.constant(0.0))
    np.testing.assert_array_equal(never, many)
    np.testing.assert_array_equal(augment.augment(many, (name,), seed, tf.constant(1.0)), always)
    some = augment.augment(many, (name,), seed, tf.constant(0.3))
    same = (some.numpy() == many.numpy()).all(axis=(1, 2, 3, 4))
    assert 0.5 < same.mean() < 0.9
    np.testing.assert_array_equal(some[~same], always[~same])


def test_step_augments_that_share() -> None:
    seen = {}
    for share in (0.0, 1.0):
        gan = make_gan(augment=EVERYTHING, ada=0.6)
        gan.augment_share.assign(share)
        seen[share] = changes(gan)[2]
    np.testing.assert_array_equal(seen[0.0], changes(make_gan())[2])
    np.testing.assert_array_equal(seen[1.0], changes(make_gan(augment=EVERYTHING))[2])


@pytest.mark.parametrize(
    ("bias", "share", "direction"), [(50, 0.0, 1), (50, 0.5, 1), (-50, 0.5, -1), (-50, 0.0, 0)]
)
def test_adaptive_augmentation_follows_the_discriminator(
    bias: int, share: float, direction: int
) -> None:
    """Logits that are positive on all real clips say that D knows them by heart."""
    gan = make_gan(augment="color", ada=0.6)
    gan.discriminators["clip"].get_layer("logit").bias.assign([bias])
    gan.augment_share.assign(share)
    logs = gan.train_step(clips())
    expected = share + direction * BATCH / ADA_CLIPS
    assert float(gan.augment_share) == pytest.approx(expected, abs=1e-7)
    assert float(logs["augment_share"]) == float(gan.augment_share)


def test_adaptive_augmentation_stops_at_always() -> None:
    gan = make_gan(augment="color", ada=0.6)
    gan.discriminators["clip"].get_layer("logit").bias.assign([50])
    gan.augment_share.assign(1.0)
    gan.train_step(clips())
    assert float(gan.augment_share) == 1


# Losses


def test_label_smoothing() -> None:
    """It adds its amount to the derivative at every real logit, and leaves the generator alone."""
    plain, smoothed = changes(make_gan()), changes(make_gan(label_smoothing=0.2))
    assert smoothed[1][-1] - plain[1][-1] == pytest.approx(-RATE * 0.2, rel=1e-3)
    np.testing.assert_allclose(smoothed[0], plain[0], rtol=1e-4, atol=1e-8)


def test_losses_differ() -> None:
    steps = {}
    for loss in LOSSES:
        gan = make_gan(loss=loss, gradient_penalty=1e-9)
        # Hinge is Wasserstein as long as no logit is beyond 1.
        gan.discriminators["clip"].get_layer("logit").bias.assign([1.5])
        steps[loss] = changes(gan)
    for first in LOSSES:
        for second in LOSSES:
            if first < second:
                differ = [np.abs(steps[first][i] - steps[second][i]).max() for i in (0, 1)]
                assert max(differ) > 1e-4, f"{first} and {second} do the same"


# Schedules


@pytest.mark.parametrize(
    ("options", "share", "lead", "factors"),
    [
        ({}, 0.5, 0.99, (1, 1)),
        ({"schedule": "cosine"}, 0.0, 0.75, (1, 1)),
        ({"schedule": "cosine"}, 0.5, 0.75, (0.5, 0.5)),
        ({"schedule": "cosine"}, 1.0, 0.75, (0, 0)),
        ({"warmup": 0.2}, 0.099, 0.75, (0.5, 0.5)),
        ({"warmup": 0.2}, 0.4, 0.75, (1, 1)),
        ({"warmup": 0.2, "schedule": "cosine"}, 0.5, 0.75, (0.5, 0.5)),
        ({"adaptive": True}, 0.5, 0.75, (1, 1)),
        ({"adaptive": True}, 0.5, 0.95, (1, 0.5)),
        ({"adaptive": True}, 0.5, 1.0, (1, 0)),
        ({"adaptive": True}, 0.5, 0.55, (0.5, 1)),
        ({"adaptive": True}, 0.5, 0.4, (0, 1)),
        ({"adaptive": True, "schedule": "cosine"}, 0.5, 0.95, (0.5, 0.25)),
    ],
)
@pytest.mark.parametrize("scaled", [False, True], ids=["plain", "scaled"])
def test_learning_rates(
    options: dict[str, Any], share: float, lead: float, factors: tuple[float, float], scaled: bool
) -> None:
    optimizers = [keras.optimizers.SGD(rate) for rate in (0.1, 0.3)]
    given = [keras.optimizers.LossScaleOptimizer(o) if scaled else o for o in optimizers]
    pace = Schedules(TrainConfig(g_lr=0.1, d_lr=0.3, **options), *given)
    pace.set_rates(tf.constant(share), tf.constant(lead))
    rates = [float(optimizer.learning_rate) for optimizer in optimizers]
    assert rates == pytest.approx([0.1 * factors[0], 0.3 * factors[1]], rel=1e-4, abs=1e-8)


def test_warmup_begins_with_a_step_that_counts() -> None:
    pace = Schedules(TrainConfig(warmup=0.5), *(keras.optimizers.SGD(1.0) for _ in range(2)))
    assert 0 < float(pace.factors(tf.constant(0.0), tf.constant(0.75))[0]) < 0.01


def test_schedule_reaches_the_step() -> None:
    plain = changes(make_gan())
    gan = make_gan(schedule="cosine")
    gan.budget_used.assign(0.5)
    half = changes(gan)
    for network in (0, 1):
        np.testing.assert_allclose(half[network], plain[network] / 2, rtol=1e-3, atol=1e-7)


def test_whoever_wins_slows_down() -> None:
    gan = make_gan(adaptive=True)
    gan.lead.assign(1.0)
    moved = changes(gan)
    assert np.abs(moved[0]).max() > 0
    assert np.abs(moved[1]).max() == 0


def test_lead_follows_the_accuracy() -> None:
    gan = make_gan()
    gan.discriminators["clip"].get_layer("logit").bias.assign([50])
    gan.train_step(clips())  # Right on real clips alone.
    assert float(gan.lead) == pytest.approx(0.75 + 0.02 * (0.5 - 0.75))


@pytest.mark.parametrize(("option", "network"), [("g_every", 0), ("d_every", 1)])
def test_networks_that_learn_less_often(option: str, network: int) -> None:
    options: dict[str, Any] = {option: 3}
    gan = make_gan(**options)
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    networks = gan.generator, gan.discriminators["clip"], gan.generator_ema
    moved = []
    for number in range(7):
        before = [weights(n) for n in networks]
        logs = step(clips(number))
        pairs = zip(before, networks, strict=True)
        moved.append([bool(np.any(old != weights(n))) for old, n in pairs])
        assert np.isfinite(float(logs["g_norm"])) == moved[-1][0]
    due = [number % 3 == 2 for number in range(7)]
    assert [m[network] for m in moved] == due
    assert [m[1 - network] for m in moved] == [True] * 7
    assert [m[2] for m in moved] == [m[0] for m in moved], "the average moves with G"


@pytest.mark.parametrize("d_every", [2, 3])
def test_penalties_keep_the_discriminators_time(d_every: int) -> None:
    """A penalty at a step at which D does not learn would be none."""
    gan = make_gan(d_every=d_every, r1=1.0, penalty_every=2)
    step = tf.function(gan.train_step, autograph=False, jit_compile=False)
    penalised = []
    for number in range(4 * d_every):
        logs = step(clips(number))
        penalised.append(bool(np.isfinite(float(logs["r1"]))))
    learnt = [n for n in range(4 * d_every) if n % d_every == d_every - 1]
    assert [n for n, was in enumerate(penalised) if was] == learnt[::2]


# Several discriminators


def test_several_discriminators_all_learn() -> None:
    gan = make_gan("frames,small")
    before = [weights(network) for network in gan.discriminators.values()]
    gan.train_step(clips())
    for old, network in zip(before, gan.discriminators.values(), strict=True):
        assert (weights(network) != old).mean() > 0.9


def test_generator_hears_all_discriminators() -> None:
    """Their gradients, and their losses, are summed."""
    moved, losses = {}, {}
    for names in ("frames", "small", "frames,small"):
        moved[names] = changes(make_gan(names))[0]
        losses[names] = float(make_gan(names).train_step(clips())["g_loss"])
    together = moved["frames"] + moved["small"]
    np.testing.assert_allclose(moved["frames,small"], together, rtol=1e-3, atol=1e-6)
    assert losses["frames,small"] == pytest.approx(losses["frames"] + losses["small"], rel=1e-5)
    for alone in ("frames", "small"):
        assert np.abs(moved[alone]).max() > 0.05 * np.abs(together).max()


# The moving average


def test_average_copies_what_is_not_trained() -> None:
    """A running mean is an average already."""
    gan = make_gan(normalised=True, ema=0.9)
    for seed in range(3):
        gan.train_step(clips(seed))
    pairs = list(zip(gan.generator_ema.weights, gan.generator.weights, strict=True))
    copied = [(a, w) for a, w in pairs if not w.trainable]
    assert len(copied) == 2
    for average, weight in copied:
        np.testing.assert_array_equal(average, weight)
        assert np.abs(weight.numpy() - (weight.name == "moving_variance")).max() > 1e-4
    assert all(np.any(a.numpy() != w.numpy()) for a, w in pairs if w.trainable)


# Contradictions


@pytest.mark.parametrize(
    ("model", "train", "named"),
    [
        *(
            ({}, {"label_smoothing": 0.1, "loss": loss}, ("--label-smoothing", loss))
            for loss in LOSSES
            if LOSSES[loss].smoothed is None
        ),
        *(
            ({}, {"ada": 0.6, "loss": loss}, ("--ada", loss))
            for loss in ("wasserstein", "relativistic")
        ),
        ({}, {"ada": 0.6, "augment": "none"}, ("--ada", "--augment none")),
        ({}, {"loss": "wasserstein", "r1": 0.0}, ("--loss wasserstein", "--gradient-penalty")),
        ({}, {"adaptive": True, "g_every": 2}, ("--adaptive", "--g-every")),
        ({}, {"adaptive": True, "d_every": 2}, ("--adaptive", "--d-every")),
        ({}, {"g_every": 2, "d_every": 2}, ("--g-every", "--d-every")),
        ({}, {"unroll": 1, "precision": "mixed_float16"}, ("--unroll", "mixed_float16")),
        ({}, {"recognition": 1.0}, ("--recognition", "--model infogan")),
        ({"conditional": True}, {}, ("--conditional", "--labels")),
        ({"conditional": True, "labels": ("one",)}, {}, ("--conditional", "two labels")),
    ],
)
def test_contradictions(
    model: dict[str, Any], train: dict[str, Any], named: tuple[str, str]
) -> None:
    with pytest.raises(OptionError) as caught:
        option_checks.check(MODEL.replace(**model), TrainConfig(**train))
    assert all(name in str(caught.value) for name in named)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "train"),
    [
        ({}, {}),
        *(({}, {"loss": loss}) for loss in LOSSES),
        ({}, {"label_smoothing": 0.1}),
        ({}, {"label_smoothing": 0.1, "loss": "least-squares"}),
        ({}, {"ada": 0.6, "loss": "hinge"}),
        ({}, {"loss": "wasserstein", "r1": 0.0, "gradient_penalty": 10.0}),
        ({}, {"loss": "wasserstein", "r1": 0.0, "r2": 1.0}),
        ({"spectral_norm": "discriminator"}, {"loss": "wasserstein", "r1": 0.0}),
        ({}, {"adaptive": True, "schedule": "cosine", "warmup": 0.1}),
        ({}, {"d_every": 2, "r1": 1.0}),
        ({}, {"unroll": 1, "precision": "mixed_bfloat16"}),
        ({"conditional": True, "labels": ("a", "b")}, {}),
    ],
)
def test_what_goes_together(model: dict[str, Any], train: dict[str, Any]) -> None:
    option_checks.check(MODEL.replace(**model), TrainConfig(**train))
