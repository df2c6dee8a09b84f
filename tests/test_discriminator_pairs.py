"""Discriminators of pairs of clips (PacGAN)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from dataset_files import make_dataset
from tiny_run import make_run, older_than

import vidgan
from vidgan.cli import main
from vidgan.config import DEFAULT_TASK, ModelConfig, TrainConfig, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.jobs.train.run_config import new_run
from vidgan.models import (
    build_discriminators,
    build_generator,
    items_per_logit,
    latents,
    resolve,
)
from vidgan.tasks.video_gan import VideoGAN
from vidgan.training.run import Run

TINY: dict[str, Any] = {"frames": 8, "latent_dim": 6, "g_channels": 4, "d_channels": 4}
CLIPS = tf.random.stateless_uniform((4, 8, 32, 32, 3), (1, 2), -1, 1)


def model(**options: Any) -> ModelConfig:
    return resolve(ModelConfig(**{**TINY, "pairs": True, **options}))


def make_gan(config: ModelConfig, share_backward: bool = True, **train: Any) -> VideoGAN:
    keras.utils.set_random_seed(0)
    generator = build_generator(config, 32, 32)
    gan = VideoGAN(config, latents(config), generator, build_discriminators(config, 32, 32), seed=1)
    optimizers = keras.optimizers.SGD(1e-2), keras.optimizers.SGD(1e-2)
    gan.compile(*optimizers, TrainConfig(penalty_every=1, **train), share_backward=share_backward)
    return gan


@pytest.fixture(scope="module")
def discriminate() -> Callable[[tf.Tensor], np.ndarray]:
    keras.utils.set_random_seed(0)
    network = build_discriminators(model(), 32, 32)["clip"]
    return lambda clips: network({"clip": clips})["logit"].numpy()[:, 0]


def test_a_pair_has_one_logit_and_none_depends_on_other_pairs(
    discriminate: Callable[[tf.Tensor], np.ndarray],
) -> None:
    logits = discriminate(CLIPS)
    assert logits[0] == logits[1] != logits[2] == logits[3]
    np.testing.assert_allclose(discriminate(CLIPS[2:]), logits[2:], rtol=1e-5)
    np.testing.assert_allclose(discriminate(CLIPS[::-1]), logits[::-1], rtol=1e-5)


def test_a_logit_knows_how_different_the_two_are() -> None:
    network = build_discriminators(model(), 32, 32)["clip"]
    apart = network.get_layer("apart")
    logits = []
    for weight in (0.0, 1.0):
        apart.kernel.assign(tf.fill(apart.kernel.shape, weight))
        alike = tf.repeat(CLIPS[:1], 2, axis=0)
        logits.append([network({"clip": c})["logit"].numpy()[0, 0] for c in (alike, CLIPS[:2])])
    plain, paired = logits
    assert paired[0] == plain[0]
    assert paired[1] > plain[1] + 0.1


@pytest.mark.parametrize("loss", ["non-saturating", "relativistic", "hinge"])
def test_one_backward_pass_is_exact(loss: str) -> None:
    made = []
    for share in (True, False):
        gan = make_gan(model(), share, r1=0.3, loss=loss)
        for _ in range(2):
            gan.train_step(CLIPS)
        made.append(gan.get_weights())
    for one, other in zip(*made, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_penalty_counts_a_logit_once() -> None:
    logs = []
    for pairs in (True, False):
        gan = make_gan(model(pairs=pairs), r1=1.0)
        network = gan.discriminators["clip"]
        if pairs:
            layer = network.get_layer("apart")
            layer.kernel.assign(tf.zeros(layer.kernel.shape))
        logit = network.get_layer("logit")
        logit.kernel.assign(tf.ones(logit.kernel.shape))
        logs.append(float(gan.train_step(CLIPS)["r1"]))
    assert logs[0] == pytest.approx(logs[1], rel=1e-4)


@pytest.mark.parametrize("conditional", [False, True])
def test_outside_of_training_each_clip_is_judged_beside_another(conditional: bool) -> None:
    gan = make_gan(model(conditional=True, labels=("a", "b", "c")) if conditional else model())
    (d_step,) = gan.discriminator_steps
    labels = tf.constant([0, 1, 2, 1]) if conditional else None

    def pair(*places: int) -> tf.Tensor:
        chosen = None if labels is None else tf.gather(labels, places)
        return d_step.discriminate(tf.gather(CLIPS, places), chosen, training=False)["logit"][0, 0]

    beside = [pair(place, (place + 1) % 4) for place in range(4)]
    np.testing.assert_allclose(gan.discriminate(CLIPS, labels), beside, rtol=1e-5)
    alone = gan.discriminate(CLIPS[:1], None if labels is None else labels[:1])
    np.testing.assert_allclose(alone, [pair(0, 0)], rtol=1e-5)
    assert abs(beside[0] - alone[0]) > 1e-5


def test_frames_of_one_clip_are_no_pair() -> None:
    config = model(model="dvdgan")
    assert [items_per_logit(config, view) for view in ("frames", "small", "clip")] == [1, 2, 2]
    logs = make_gan(config, r1=1.0).train_step(CLIPS)
    assert all(np.isfinite(float(value)) for value in logs.values())


def test_labels_and_codes_go_with_pairs() -> None:
    config = model(model="infogan", conditional=True, labels=("a", "b"))
    gan = make_gan(config, r1=1.0)
    logs = gan.train_step((CLIPS, tf.constant([0, 1, 1, 0])))
    assert all(np.isfinite(float(value)) for value in logs.values())


def test_pairs_are_the_default_where_they_won(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    manifest = Manifest.load(tmp_path / "data")

    def settled(**options: Any) -> tuple[bool | None, float]:
        run = new_run(
            [manifest.path],
            [manifest],
            tmp_path / "run",
            TrainingOptions.parse(DEFAULT_TASK, {**TINY, **options}),
        )
        return run.model.pairs, run.train.r1

    assert settled() == (True, 3.0)
    assert settled(batch_size=1) == (False, 0.3)
    assert settled(loss="hinge") == (False, 0.3)
    assert settled(r1=0.5) == (True, 0.5)
    assert settled(pairs=False) == (False, 0.3)
    assert settled(model="vgan") == (False, 0.3)
    assert settled(model="vgan", pairs=True) == (True, 3.0)


@pytest.mark.slow
def test_pairs_go_on_but_not_with_odd_batches(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    run = vidgan.train(tmp_path / "data", output=tmp_path / "run", steps=1, **TINY)
    vidgan.train(resume=run, steps=2)
    assert Run.open(run).state()["step"] == 2
    line = ["train", str(tmp_path / "data"), "--batch-size", "3", "--pairs", "--frames", "8"]
    result = CliRunner().invoke(main, [*line, "-o", str(tmp_path / "odd")])
    assert result.exit_code == 2
    assert "--pairs needs an even --batch-size, and 3 is odd" in result.output
    assert not (tmp_path / "odd").exists()


def test_runs_older_than_the_option_judge_one_by_one(tmp_path: Path) -> None:
    run = older_than("pairs", make_run(tmp_path / "run"))
    assert not resolve(run.model).pairs
