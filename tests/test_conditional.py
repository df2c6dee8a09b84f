"""Conditional runs: labels from the dataset to training, evaluation and generation."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from dataset_files import counting, make_dataset
from pictures import read_picture

import vidgan
from vidgan import latents
from vidgan.cli import main
from vidgan.config import DEFAULT_TASK, GenerateConfig, ModelConfig, TrainingOptions
from vidgan.dataset.manifest import Manifest
from vidgan.dataset.pipeline import labelled_clips, training_clips
from vidgan.errors import DatasetError, OptionError
from vidgan.jobs.generate import clip_plan, conditions
from vidgan.jobs.train.training_plan import plan
from vidgan.models import build_discriminators, build_generator
from vidgan.models import latents as inputs_of
from vidgan.tasks.load import load_discriminator
from vidgan.training.run import Run

LABELS = ("left", "right hand")
SIZE = 32
STEPS = 240  # With 120 the discriminator has learned the labels on some CPUs only.
TINY: dict[str, Any] = {"frames": 8, "latent_dim": 6, "g_channels": 4, "d_channels": 4}
OPTIONS: dict[str, Any] = {
    **TINY,
    "conditional": True,
    "batch_size": 8,
    "mirror": False,
    "tensorboard": False,
}


def sides(record: int, length: int, size: tuple[int, int]) -> np.ndarray:
    """Draw clips whose left half is bright in even records, whose right half is in odd ones."""
    width, height = size
    random = np.random.default_rng(record)
    video = np.full((length, height, width, 3), 40, np.uint8)
    half = np.s_[: width // 2] if record % 2 == 0 else np.s_[width // 2 :]
    video[:, :, half] = random.integers(190, 250, 3)
    return video


def side(made: np.ndarray) -> np.ndarray:
    """Return for each clip the label that its brighter half says."""
    halves = made.astype(float).reshape(*made.shape[:3], 2, SIZE // 2, 3).mean((1, 2, 4, 5))
    labels: np.ndarray = halves.argmax(axis=1)
    return labels


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """A dataset with three times as many clips on the left."""
    folder = tmp_path_factory.mktemp("data") / "sides"
    lengths = (48, 16) * 3
    return make_dataset(
        folder, lengths, (24, 24), (SIZE, SIZE), draw=sides, labels=LABELS, shards=1
    )


@pytest.fixture(scope="module")
def run(dataset: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "trained"
    fast: dict[str, Any] = {"g_lr": 0.002, "d_lr": 0.002, "ema": 0.9, "augment": "none"}
    # In so few steps a constant rate leads further.
    fast |= {"optimizer": "adam", "schedule": "constant"}
    vidgan.train(dataset.path, output=folder, steps=STEPS, **OPTIONS, **fast)
    return Run.open(folder)


@pytest.fixture(scope="module")
def plain(dataset: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An unconditional run of the same data."""
    folder = tmp_path_factory.mktemp("runs") / "plain"
    vidgan.train(dataset.path, output=folder, steps=1, batch_size=2, tensorboard=False, **TINY)
    return Run.open(folder)


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_training_clips_come_with_their_labels(tmp_path: Path) -> None:
    manifest = make_dataset(
        tmp_path / "data", (20, 28, 36, 17), (), (12, 10), draw=counting, labels="abc"
    )
    pairs = list(training_clips(manifest, 8, 3, labels=True).take(12))
    alone = list(training_clips(manifest, 8, 3).take(12))
    seen = set()
    for (made, labels), same in zip(pairs, alone, strict=True):
        np.testing.assert_array_equal(made, same)
        assert labels.dtype == tf.int32
        assert labels.shape == (3,)
        records = np.rint((made.numpy()[:, 0, 0, 0, 0] + 1) * 127.5).astype(int)
        np.testing.assert_array_equal(labels, records % 3)
        seen.update(labels.numpy().tolist())
    assert seen == {0, 1, 2}


def test_evaluation_clips_come_with_their_labels(dataset: Manifest) -> None:
    for split, count in (("train", 24), ("test", 6)):
        pairs = list(labelled_clips(dataset, split, 8))
        assert len(pairs) == count
        assert side(np.stack([clip for clip, _ in pairs])).tolist() == [label for _, label in pairs]


def test_labels_are_kept_in_the_run(run: Run) -> None:
    assert run.model.labels == LABELS
    values = json.loads((run.path / "config.json").read_text())
    assert values["model"]["labels"] == list(LABELS)
    assert "left, right hand" in cli("info", run.path).output


def test_each_label_becomes_its_clips(run: Run) -> None:
    sampler = vidgan.load(run.path)
    left, right = (sampler.generate(12, label=name) for name in LABELS)
    assert side(left).tolist() == [0] * 12
    assert side(right).tolist() == [1] * 12
    # Not the same clip mirrored in time, say, but the other half bright by far.
    difference = np.abs(left.astype(int) - right).mean()
    assert difference > 50


def test_labels_in_turn_and_drawn(run: Run) -> None:
    sampler = vidgan.load(run.path)
    for given in ("left,right hand", ["left", "right hand"], "left, right hand"):
        assert side(sampler.generate(5, label=given)).tolist() == [0, 1, 0, 1, 0]
    drawn = latents.from_seeds(run.latents(), range(12))["label"]
    assert side(sampler.generate(12)).tolist() == drawn.tolist()
    assert 0 < drawn.sum() < 12


def test_the_discriminator_looks_at_labels(run: Run, dataset: Manifest) -> None:
    """Clips are judged more real with their own label than with the other."""
    pairs = list(labelled_clips(dataset, "train", 8))
    real = tf.constant(np.stack([clip for clip, _ in pairs]) / 127.5 - 1, tf.float32)
    labels = np.array([label for _, label in pairs], np.int32)
    judge = load_discriminator(run)
    own, other = judge(real, tf.constant(labels)), judge(real, tf.constant(1 - labels))
    assert np.mean(own.numpy() > other.numpy()) > 0.9


def test_the_head_is_a_projection() -> None:
    """f(x, y) = ψ(φ(x)) + v_y · φ(x) (arXiv 1802.05637)."""
    config = ModelConfig(**TINY, conditional=True, labels=("a", "b", "c"))
    (network,) = build_discriminators(config, 32, 32).values()
    random = np.random.default_rng(0)
    projection = network.get_layer("projection")
    features = network.get_layer("trunk")
    vectors = random.normal(size=projection.embeddings.shape).astype(np.float32)
    made = tf.constant(random.uniform(-1, 1, (3, 8, 32, 32, 3)), tf.float32)
    labels = tf.constant([2, 0, 2])
    # Labels count for nothing at first.
    before = network({"clip": made, "label": labels})["logit"].numpy()
    np.testing.assert_array_equal(before, network({"clip": made, "label": labels * 0})["logit"])
    projection.set_weights([vectors])
    after = network({"clip": made, "label": labels})["logit"].numpy()
    expected = (features(made).numpy() * vectors[[2, 0, 2]]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(after - before, expected, rtol=1e-3, atol=1e-4)


def test_snapshots_show_labels_in_their_order(run: Run) -> None:
    (sheet,) = (run.path / "samples").glob("*.png")
    image = read_picture(sheet)
    rows = np.array_split(image, 8)
    # The first frame of each row.
    tiles = [row[8:-8, 8 : image.shape[1] // 8 - 8].mean((0, 2)) for row in rows]
    found = [int(tile[len(tile) // 2 :].mean() > tile[: len(tile) // 2].mean()) for tile in tiles]
    assert found == [0, 1] * 4


def test_samples_of_many_labels_start_over() -> None:
    config = ModelConfig(**TINY, conditional=True, labels=("a", "b", "c"))
    inputs = inputs_of(config)
    noise = latents.cycle_classes(inputs, latents.from_seeds(inputs, range(5)))
    assert noise["label"].tolist() == [0, 1, 2, 0, 1]
    assert noise["label"].dtype == np.int32


def test_a_dataset_with_one_label_is_refused(tmp_path: Path) -> None:
    for labels, folder in (((), "none"), (("one",), "one")):
        make_dataset(tmp_path / folder, (20,), (), labels=labels)
        result = cli("train", tmp_path / folder, "--conditional", "-o", tmp_path / "run")
        assert result.exit_code == 2
        assert "--conditional needs a dataset with two labels or more" in result.output
        assert not (tmp_path / "run").exists()


def test_plan_of_a_conditional_run(dataset: Manifest) -> None:
    planned = plan([dataset.path], TrainingOptions.parse(DEFAULT_TASK, OPTIONS))
    assert planned.step_seconds > 0
    assert planned.run.model.labels == LABELS
    bare = ModelConfig(**TINY)
    discriminators = build_discriminators(bare, SIZE, SIZE).values()
    assert planned.g_params > build_generator(bare, SIZE, SIZE).count_params()
    assert planned.d_params > sum(network.count_params() for network in discriminators)


def test_resuming_needs_the_same_labels(run: Run, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(run.path, tmp_path / "run"))
    other = make_dataset(tmp_path / "other", (48,), (), (SIZE, SIZE), labels=("up", "down"))
    with pytest.raises(DatasetError, match="labels are up, down, the run was trained on left"):
        vidgan.train(other.path, resume=copied, steps=STEPS + 1)
    vidgan.train(resume=copied, steps=STEPS + 1)
    assert Run.open(copied).state()["step"] == STEPS + 1


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, int | None]]:
    """All clips that a discriminator is asked of while evaluating, with their labels."""
    seen: list[tuple[np.ndarray, int | None]] = []
    load = load_discriminator

    def watched(*arguments: Any) -> Callable[..., tf.Tensor]:
        judge = load(*arguments)

        def watch(made: tf.Tensor, labels: Any = None) -> tf.Tensor:
            known = [None] * len(made) if labels is None else labels
            seen.extend(zip(np.asarray(made), known, strict=True))
            return judge(made, labels)

        return watch

    monkeypatch.setattr("vidgan.tasks.load.load_discriminator", watched)
    return seen


def labels_of(judged: list[tuple[np.ndarray, int | None]]) -> list[int]:
    found = []
    for _, label in judged:
        assert label is not None
        found.append(int(label))
    return found


def test_evaluation_judges_every_clip_by_its_label(
    run: Run, tmp_path: Path, judged: list[tuple[np.ndarray, int | None]]
) -> None:
    result = vidgan.evaluate(run.path, output=tmp_path / "report.json", n=30, sharpen=False)
    counts = {name: each["clips"] for name, each in result["sets"].items()}
    assert counts == {"real": 6, "floor": 24, "generated": 30}
    labels = np.array(labels_of(judged))
    assert side(np.stack([clip for clip, _ in judged])).tolist() == labels.tolist()
    # Generated clips have the training clips' labels, in their order, from the start again.
    np.testing.assert_array_equal(labels[30:], np.resize(labels[6:30], 30))
    assert labels[6:30].mean() == pytest.approx(0.25)
    figures = {figure["key"]: figure for figure in result["figures"]}
    assert 0 <= figures["labels.accuracy"]["low"] <= figures["labels.accuracy"]["high"] <= 1
    assert all(f"labels.kernel.{label}" in figures for label in LABELS)


def test_evaluation_knows_labels_by_their_names(
    run: Run, tmp_path: Path, judged: list[tuple[np.ndarray, int | None]]
) -> None:
    """A dataset with the same labels in another order."""
    swapped = make_dataset(
        tmp_path / "swapped",
        (16, 24),
        (24, 24),
        (SIZE, SIZE),
        draw=lambda record, *rest: sides(record + 1, *rest),
        labels=LABELS[::-1],
        shards=1,
    )
    output = tmp_path / "report.json"
    vidgan.evaluate(run.path, swapped.path, output=output, n=6, sharpen=False)
    made = np.stack([clip for clip, _ in judged])
    assert side(made).tolist() == labels_of(judged)


@pytest.mark.parametrize(
    ("labels", "message"), [(("left", "up"), "the label 'up'"), ((), "it has no labels")]
)
def test_evaluation_on_other_labels_is_refused(
    run: Run, tmp_path: Path, labels: tuple[str, ...], message: str
) -> None:
    other = make_dataset(tmp_path / "other", (48,), (48,), (SIZE, SIZE), labels=labels)
    with pytest.raises(DatasetError, match=message):
        vidgan.evaluate(run.path, other.path, output=tmp_path / "report.json")


@pytest.mark.slow
def test_unconditional_evaluation_of_labelled_data(
    plain: Run, tmp_path: Path, judged: list[tuple[np.ndarray, int | None]]
) -> None:
    vidgan.evaluate(plain.path, output=tmp_path / "report.json", n=4, sharpen=False)
    assert all(label is None for _, label in judged)


def test_generate_with_a_label(run: Run, tmp_path: Path) -> None:
    result = cli("generate", run.path, "-o", tmp_path / "a.npy", "--label", "right hand", "--n", 3)
    assert result.exit_code == 0, result.output
    assert side(np.load(tmp_path / "a.npy")).tolist() == [1, 1, 1]
    result = cli(
        "generate", run.path, "-o", tmp_path / "clips/", "--label", "left,right hand", "--n", 3
    )
    assert result.exit_code == 0, result.output
    # A label that is no plain file name goes by its number.
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == [
        "seed-000000-left.mp4",
        "seed-000001-label-1.mp4",
        "seed-000002-left.mp4",
    ]


def test_walks_keep_a_label_from_seed_to_seed(run: Run) -> None:
    config = GenerateConfig(n=3, interpolate=2, label="right hand,left")
    plan = clip_plan.add_conditions(clip_plan.plan_clips(config), config, run.model)
    labels = [int(clip.noise(run.latents())["label"][0]) for clip in plan]
    assert labels == [1, 1, 0, 0, 1]
    assert [clip.name for clip in plan][1] == "seed-000000-to-000001-0001-of-0002-label-1"


def test_sweep_over_labels(run: Run, tmp_path: Path) -> None:
    made = vidgan.load(run.path).sweep("label", seeds=[4, 9, 2])
    assert made.shape == (3, 2, 8, SIZE, SIZE, 3)
    assert side(made.reshape(-1, *made.shape[2:])).tolist() == [0, 1] * 3
    result = cli("generate", run.path, "-o", tmp_path / "clips", "--sweep", "label", "--n", 1)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == [
        "seed-000000-label-1.mp4",
        "seed-000000-left.mp4",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "up"], "--label 'up' is none of the run's: left, right hand"),
        (["--label", "left,"], "--label '' is none of the run's: left, right hand"),
        (["--sweep", "label", "--label", "left"], "leave --label out"),
        (["--sweep", "category"], "is not a code of this run's model: known are label"),
    ],
)
def test_labels_that_are_not_there(
    run: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = cli("generate", run.path, "-o", tmp_path / "a.mp4", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "a.mp4").exists()


def test_unconditional_runs_know_no_labels(plain: Run, tmp_path: Path) -> None:
    result = cli("generate", plain.path, "-o", tmp_path / "a.mp4", "--label", "left")
    assert result.exit_code == 2
    assert re.search(r"--label needs a run\s.*--conditional", result.output)
    with pytest.raises(OptionError, match="this one has no labels"):
        vidgan.load(plain.path).generate(1, label="left")


def test_a_label_may_have_a_comma() -> None:
    model = ModelConfig(conditional=True, labels=("a,b", "c"))
    assert [choice.value for choice in conditions.parse_labels("a,b", model)] == [0]
    assert [choice.value for choice in conditions.parse_labels(["c", "a,b"], model)] == [1, 0]
