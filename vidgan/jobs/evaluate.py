"""The job behind ``vidgan evaluate``: how good a run is, on clips that training never saw."""

import itertools
import os
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan import __version__, runtime
from vidgan.config import EvaluateConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import ExportError, OptionError, RunError
from vidgan.jobs import choices, protocol, report

if TYPE_CHECKING:
    from vidgan.jobs.judge import Judgement
    from vidgan.jobs.sampler import Sampler
    from vidgan.metrics.features import Embed
    from vidgan.training.run import Run

FOLDER = "evaluation"
# Generation is timed so many times, after one batch that warms it up; the median counts.
SPEED_RUNS = 7


def evaluate(
    run: Path | str | None = None,
    dataset: Path | str | None = None,
    *,
    output: Path | str | None = None,
    progress: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Judge a run on the test split of its dataset and write a report and a picture.

    Both Fréchet distances are to all test clips: of generated clips, and of equally many training
    clips, which is the floor that a perfect generator would reach. With the same seed all figures
    but the speeds are the same to the last digit on one machine.

    A conditional run makes one clip for each of these training clips, of its label, and goes
    through them again for more: so labels are as frequent as in the training data. The
    discriminator judges every clip as one of its label.

    Args:
        run: the run folder; the newest under ``runs`` by default.
        dataset: the dataset, if it is not where the run was trained on it.
        output: the report, ``.json``; the picture goes beside it. By default
            ``RUN/evaluation/step-….json``, which is replaced.
        progress: show a progress bar on a terminal.
        **options: the fields of :class:`vidgan.config.EvaluateConfig`, such as ``n=512``.

    Returns:
        The report as it stands in the file; :func:`vidgan.jobs.report.table` makes it text.

    Raises:
        OptionError: an option is unknown or out of bounds, the device is not there, or the features
            need other weights or longer clips.
        InputError: the weights of the features cannot be used, or fetched.
        RunError: no run there, none with a checkpoint, or one that gives NaN.
        DatasetError: the dataset is missing, damaged, of another size, or has too few test clips.
        ExportError: the report is there already or cannot be written.
    """
    from vidgan.metrics.features import FEATURES, weights
    from vidgan.training.run import Run

    # Everything that can be wrong is looked at before TensorFlow starts, which takes seconds.
    config = EvaluateConfig.from_options(options)
    opened = Run.open(run)
    checkpoint = opened.checkpoint(config.checkpoint)
    manifest = protocol.open_dataset(opened, dataset)
    counts = protocol.count_clips(opened, manifest, config)
    path = _output(opened, checkpoint, output, config.overwrite)
    features = FEATURES[config.features]
    protocol.require_frames(opened, features)
    digest = weights.digest(config.weights) if config.weights else None

    runtime.prepare()
    import tensorflow as tf

    from vidgan.jobs.sampler import Sampler

    device = runtime.choose_device(config.device)
    with tf.device(device):
        embed = features.load(config.weights)
        sampler = Sampler(opened, config.checkpoint, config.device)
        sets = _look(opened, manifest, config, counts, sampler, embed, progress)
        speed = _speed(sampler, config)
    step = int(opened.state(checkpoint)["step"])
    result = {
        "format": report.FORMAT_VERSION,
        "run": str(opened.path),
        "step": step,
        "dataset": str(manifest.path),
        "frechet": _distances(sets),
        "discriminator": _scores(sets, opened, checkpoint),
        "speed": speed,
        "protocol": {
            "metric": features.distance,
            "caution": features.caution,
            "features": config.features,
            "features_weights": digest,
            "dimensions": sets["test"].moments.dim,
            "frames": opened.frames,
            "stride": opened.stride,
            "size": list(opened.size),
            "seed": config.seed,
            "clips": {name: judged.score.count for name, judged in sets.items()},
            "compared": {name: judged.compared for name, judged in sets.items()},
            "weights": "moving average",
            "device": device,
            "vidgan": __version__,
            "tensorflow": tf.__version__,
        },
        "notes": protocol.notes(opened, manifest, sets, features),
        "picture": str(path.with_suffix(".png")),
    }
    picture = report.picture(sets["test"].shown, sets["generated"].shown, step)
    report.write(path, result, picture)
    return result


def _output(run: "Run", checkpoint: Path, output: Path | str | None, overwrite: bool) -> Path:
    """Return where the report goes, seeing now, not after minutes, that it can go there."""
    if output is None:
        path = run.path / FOLDER / f"{checkpoint.name}.json"
    else:
        path = Path(output)
        if path.suffix.lower() != ".json":
            raise OptionError(f"--output {path}: the report is JSON; let the name end in .json")
        for taken in (path, path.with_suffix(".png")):
            if taken.exists() and not overwrite:
                raise ExportError(f"{taken} is there already; use --overwrite to replace it, or -o")
    parent = next(folder for folder in path.parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ExportError(
            f"{path}: cannot be written ({parent} is no folder that can be written); "
            "choose another place with -o"
        )
    return path


def _look(
    run: "Run",
    manifest: Manifest,
    config: EvaluateConfig,
    counts: protocol.Counts,
    sampler: "Sampler",
    embed: "Embed",
    progress: bool,
) -> dict[str, "Judgement"]:
    """Stream test, training and generated clips past the judge."""
    from tqdm import tqdm

    from vidgan.jobs.judge import Judge, batched
    from vidgan.metrics.features import FEATURES

    random = np.random.Generator(np.random.Philox(config.seed))
    chosen = set(random.permutation(counts.in_train)[: counts.train].tolist())
    real = {split: protocol.labelled(run, manifest, split) for split in ("test", "train")}
    test = protocol.expect(real["test"], counts.test, manifest)
    train = protocol.expect(
        (pair for index, pair in enumerate(real["train"]) if index in chosen),
        counts.train,
        manifest,
    )
    seeds = range(config.seed, config.seed + counts.generated)
    total = counts.test + counts.train + counts.generated
    # None: no bar where the error stream is no terminal.
    hidden = None if progress else True
    with tqdm(total=total, unit="clip", desc="evaluate", disable=hidden, leave=False) as bar:
        judge = Judge(
            run.load_judge(config.checkpoint),
            FEATURES[config.features],
            embed,
            bar.update,
            run.model.conditional,
        )
        size = config.batch_size
        sets = {
            "test": judge.look(batched(test, size), counts.test),
            "train": judge.look(batched(train, size), counts.train),
        }
        labels = np.resize(sets["train"].labels, counts.generated)
        made = batched(_made(sampler, seeds, labels, size), size)
        return sets | {"generated": judge.look(made, counts.generated, compared=counts.train)}


def _made(
    sampler: "Sampler", seeds: Iterable[int], labels: np.ndarray, batch_size: int
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield generated clips, of these labels where the run is conditional, with the labels."""
    names = sampler.run.model.labels
    wanted = [choices.label(label, names[label]) for label in labels.tolist()] if names else []
    noises = choices.in_turn(sampler.noises(seeds), wanted)
    clips = itertools.chain.from_iterable(sampler.stream(noises, batch_size))
    yield from zip(clips, labels.tolist(), strict=True)


def _distances(sets: dict[str, "Judgement"]) -> dict[str, float]:
    from vidgan.metrics.frechet import frechet_distance

    test = sets["test"].moments
    return {
        f"{name}_to_test": frechet_distance(sets[name].moments, test)
        for name in ("train", "generated")
    }


def _scores(
    sets: dict[str, "Judgement"], run: "Run", checkpoint: Path
) -> dict[str, dict[str, float | None]]:
    """Return the discriminator's loss on real clips paired with generated ones, and accuracies."""
    from vidgan.losses import LOSSES
    from vidgan.metrics.discriminator import accuracies, pair_loss

    loss, logits = LOSSES[run.train.loss], {name: each.score.logits for name, each in sets.items()}
    if not all(np.isfinite(each).all() for each in logits.values()):
        raise RunError(
            f"{checkpoint}: the networks give NaN or infinity; evaluate an earlier --checkpoint"
        )
    right = accuracies(loss, logits)
    return {
        name: {
            "loss": None if name == "generated" else pair_loss(loss, each, logits["generated"]),
            "accuracy": right[name],
        }
        for name, each in logits.items()
    }


def _speed(sampler: "Sampler", config: EvaluateConfig) -> dict[str, float]:
    """Time batches from latents to uint8 clips, warm; the median counts."""
    seeds = range(config.seed, config.seed + config.batch_size)
    noises = list(sampler.noises(seeds))
    seconds = []
    for _ in range(1 + SPEED_RUNS):
        start = time.perf_counter()
        for _ in sampler.stream(noises, config.batch_size):
            pass
        seconds.append(time.perf_counter() - start)
    rate = config.batch_size / statistics.median(seconds[1:])
    return {
        "clips_per_second": rate,
        "frames_per_second": rate * sampler.frames,
        "batch_size": config.batch_size,
        "runs": SPEED_RUNS,
    }
