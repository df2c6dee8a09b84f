"""Translating between two unpaired domains: the step, the task and its runs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from datasets import make_dataset

import vidgan
from vidgan import runtime
from vidgan.cli import main
from vidgan.config import ModelConfig, TrainConfig, TranslateConfig
from vidgan.errors import DatasetError, OptionError
from vidgan.models import build_discriminators, translator
from vidgan.training.callbacks import LOG_NAME, read_log
from vidgan.training.run import Run
from vidgan.training.translation import TranslationGAN, there_and_back

TINY = {"frames": 8, "g_channels": 4, "d_channels": 4, "batch_size": 2, "tensorboard": False}


def make_gan(share_backward: bool = True, r1: float = 0.0, **weights: float) -> TranslationGAN:
    runtime.seed_everything(0)
    model = ModelConfig(frames=8, g_channels=4, d_channels=4)
    networks = {name: build_discriminators(model, 16, 16)["clip"] for name in ("a", "b")}
    gan = TranslationGAN(TranslateConfig(**weights), translator.translators(4), networks, 8)
    adams = (keras.optimizers.Adam(2e-3, 0.5), keras.optimizers.Adam(2e-3, 0.5))
    gan.compile(*adams, TrainConfig(r1=r1, penalty_every=1), share_backward)
    return gan


@pytest.fixture(scope="module")
def batch() -> tuple[tf.Tensor, tf.Tensor]:
    """Red clips and blue ones, each with a brighter bar that moves."""
    clips = np.full((2, 2, 8, 16, 16, 3), -1, np.float32)
    for time in range(8):
        clips[0, :, time, :, time : time + 6, 0] = 0.8
        clips[1, :, time, time : time + 6, :, 2] = 0.8
    return tf.constant(clips[0]), tf.constant(clips[1])


@pytest.fixture(scope="module")
def domains(tmp_path_factory):
    """Two datasets that are alike in size and rate."""
    folder = tmp_path_factory.mktemp("domains")
    make_dataset(folder / "a", size=(40, 32))
    make_dataset(folder / "b", (24, 30), (16,), size=(40, 32))
    return folder / "a", folder / "b"


def test_one_backward_pass_gives_what_two_give(batch):
    weights = []
    for shared in (True, False):
        gan = make_gan(shared, r1=0.3, cycle=3.0, identity=0.5)
        logs = gan.train_step(batch)
        assert {"cycle_loss", "identity_loss", "d_loss", "g_loss", "r1"} <= set(logs)
        weights.append(gan.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_clips_come_back_ever_more_like_themselves(batch):
    gan = make_gan(cycle=300.0)
    step = tf.function(gan.train_step)
    losses = [float(step(batch)["cycle_loss"]) for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]
    made = there_and_back(gan.generator, *batch)
    found = tf.reduce_mean(tf.abs(made.a - batch[0])) + tf.reduce_mean(tf.abs(made.b - batch[1]))
    assert float(found) < losses[0]


def test_identity_alone_keeps_what_is_of_the_domain(batch):
    gan = make_gan(cycle=0.0, identity=300.0)
    step = tf.function(gan.train_step)
    losses = [float(step(batch)["identity_loss"]) for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]
    assert "identity_loss" not in make_gan(cycle=1.0, identity=0.0).train_step(batch)


def test_a_run_goes_on_as_if_it_had_never_stopped(tmp_path, domains):
    whole = vidgan.train(*domains, task="translate", output=tmp_path / "whole", steps=4, **TINY)
    parts = vidgan.train(*domains, task="translate", output=tmp_path / "parts", steps=2, **TINY)
    vidgan.train(resume=parts, steps=4)
    runs = [Run.open(folder) for folder in (whole, parts)]
    assert [run.state()["step"] for run in runs] == [4, 4]
    for one, other in zip(*(run.load_gan().get_weights() for run in runs), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert runs[0].task == "translate"
    assert runs[0].datasets == tuple(folder.resolve() for folder in domains)
    assert "cycle_loss" in read_log(whole / LOG_NAME)[-1] or runs[0].train.log_every > 4
    # What generates fits into generators for any shape.
    generators = runs[0].load_generator()
    clip = np.zeros((1, 5, 12, 20, 3), np.float32)
    assert generators.get_layer("b2a")(clip).shape == clip.shape


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"size": (32, 32)}, "32x32, those of"), ({"fps": 12.0}, "12 frames a second")],
)
def test_domains_must_be_alike(tmp_path, domains, changes, words):
    make_dataset(tmp_path / "c", **{"size": (40, 32), **changes})
    with pytest.raises(DatasetError, match=words):
        vidgan.train(domains[0], tmp_path / "c", task="translate", steps=1, **TINY)


def test_needs_two_datasets(domains):
    done = CliRunner().invoke(main, ["train", "--task", "translate", str(domains[0])])
    assert done.exit_code == 2
    assert "two" in done.output or "2" in done.output
    with pytest.raises(OptionError, match="--cycle"):
        vidgan.train(domains[0], cycle=1.0, steps=1)
