"""Training, from a dataset folder to a run folder."""

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgan import config as configs
from vidgan import models, runtime
from vidgan.config import ModelConfig, TrainConfig
from vidgan.dataset.manifest import Manifest
from vidgan.errors import DatasetError, OptionError, TrainingError
from vidgan.files import remove
from vidgan.training.run import Run, next_path

if TYPE_CHECKING:
    from vidgan.training.gan import VideoGAN

# What may change when a run is taken up again; anything else would make it another training.
RESUMABLE = frozenset(
    {"epochs", "steps", "minutes", "device", "snapshot_minutes", "keep", "log_every", "tensorboard"}
)
BUDGET = ("epochs", "steps", "minutes")


@dataclass(frozen=True)
class Plan:
    """What a training would be: the answer of ``--dry-run``.

    Attributes:
        run: the configuration; its folder does not exist.
        g_params: trainable weights of the generator.
        d_params: trainable weights of the discriminators.
        memory: bytes at the peak, estimated.
        step_flops: floating-point operations of a step, on average over steps.
        step_seconds: a step's length, measured.
        epoch_clips: training clips of an epoch.
        hours: of the whole budget, at the measured rate.
    """

    run: Run
    g_params: int
    d_params: int
    memory: int
    step_flops: float
    step_seconds: float
    epoch_clips: int
    hours: float

    def text(self) -> str:
        """Return the plan as lines for a terminal."""
        options = self.run.model.to_json() | self.run.train.to_json()
        lines = [f"{name:>18}  {value}" for name, value in options.items()]
        width, height = self.run.size
        batch_size, speed = self.run.train.batch_size or 1, 1 / self.step_seconds
        hours = f"{self.hours:.1f} hours" if self.hours >= 1 else f"{60 * self.hours:.1f} minutes"
        lines += [
            f"{'clips':>18}  {self.run.frames} frames of {width}x{height} at {self.run.fps:g} "
            f"frames/s; {self.epoch_clips} an epoch",
            f"{'parameters':>18}  generator {self.g_params:,}, discriminator {self.d_params:,}",
            f"{'memory':>18}  about {self.memory / 2**30:.1f} GiB",
            f"{'arithmetic':>18}  {self.step_flops / batch_size / 1e9:.2f} GFLOP a clip, "
            f"{self.step_flops * speed / 1e9:.1f} GFLOP/s",
            f"{'speed':>18}  {batch_size * speed:.1f} clips/s, {self.step_seconds:.2f} s a step",
            f"{'time':>18}  about {hours}",
        ]
        return "\n".join(lines)


def _split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part keyword arguments into those of the model and those of the training."""
    model_names = {field.name for field in fields(ModelConfig)}
    model = {name: value for name, value in options.items() if name in model_names}
    return model, {name: value for name, value in options.items() if name not in model_names}


def _new_run(dataset: Path, manifest: Manifest, path: Path, options: dict[str, Any]) -> Run:
    preset = configs.PRESETS.get(options.get("preset", TrainConfig.preset), {})
    model_options, train_options = _split(preset | options)
    model = models.resolve(ModelConfig.from_options(model_options))
    if model.conditional:
        model = model.replace(labels=tuple(manifest.labels))
    train = TrainConfig.from_options(train_options)
    if all(getattr(train, name) is None for name in BUDGET):
        train = train.replace(epochs=configs.DEFAULT_EPOCHS)
    if train.precision == "auto":
        device = runtime.choose_device(train.device)
        train = train.replace(precision=runtime.best_precision(device))
    clips = manifest.epoch_clips(model.frames, train.stride)
    if train.batch_size is None:
        train = train.replace(batch_size=min(configs.DEFAULT_BATCH, clips))
    elif train.batch_size > clips:
        raise OptionError(
            f"--batch-size {train.batch_size} is larger than {manifest.path}, which holds {clips} "
            f"training clips; use --batch-size {clips} or less"
        )
    fps = manifest.fps / train.stride
    return Run(path, model, train, dataset.resolve(), manifest.size, fps)


def _resumed(resume: Path | str, options: dict[str, Any]) -> Run:
    run = Run.open(resume)
    changes = {name: value for name, value in options.items() if value is not None}
    frozen = sorted(set(changes) - RESUMABLE)
    if frozen:
        raise OptionError(
            f"--{frozen[0].replace('_', '-')} cannot change when a run is resumed; "
            "leave it out, or start a new run"
        )
    if any(name in changes for name in BUDGET):
        # A new budget replaces the old one: whoever says --epochs 200 means to get there.
        changes = dict.fromkeys(BUDGET) | changes
    return Run(run.path, run.model, run.train.replace(**changes), run.dataset, run.size, run.fps)


def _check_memory(gan: "VideoGAN", run: Run, device: str) -> None:
    from vidgan.training import memory

    free, batch_size = memory.available(device), run.train.batch_size or 1
    needed = memory.estimate(gan, batch_size)
    if free is None or needed <= free:
        return
    fitting = memory.largest_batch(gan, free)
    remedy = (
        f"use --batch-size {fitting}"
        if fitting
        else "use fewer --frames or a smaller --size in preprocess"
    )
    raise TrainingError(
        f"--batch-size {batch_size} needs about {needed / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free on {device.strip('/')}; {remedy}"
    )


def _hours(train: TrainConfig, step_seconds: float, epoch_clips: int) -> float:
    """Return how long the budget lasts; the limit that is reached first counts."""
    step = step_seconds / 3600
    epoch = epoch_clips / (train.batch_size or 1) * step
    limits = ((train.minutes, 1 / 60), (train.steps, step), (train.epochs, epoch))
    return min(limit * hours for limit, hours in limits if limit is not None)


def _above_bar(text: str) -> None:
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


def plan(dataset: Path | str = configs.DEFAULT_DATASET, **options: Any) -> Plan:
    """Work out what a training would be, with a measured step, and write nothing.

    Args:
        dataset: a folder made by ``vidgan.preprocess``.
        **options: fields of :class:`~vidgan.config.ModelConfig` and
            :class:`~vidgan.config.TrainConfig`.

    Raises:
        VidganError: as for :func:`train`.
    """
    runtime.prepare()
    import tensorflow as tf

    from vidgan.dataset.pipeline import checked, training_clips
    from vidgan.models import flops
    from vidgan.training import memory
    from vidgan.training.build import build_gan

    dataset = Path(dataset)
    manifest = Manifest.load(dataset)
    run = _new_run(dataset, manifest, Path(), options)
    device = runtime.choose_device(run.train.device)
    with tf.device(device):
        gan = build_gan(run)
        _check_memory(gan, run, device)
        data = training_clips(
            manifest,
            run.frames,
            run.train.batch_size or 1,
            stride=run.stride,
            labels=run.model.conditional,
        )
        step = tf.function(gan.train_step, jit_compile=False)
        times = []
        for batch in checked(data.take(4), manifest):
            start = time.perf_counter()
            float(step(batch)["d_loss"])
            times.append(time.perf_counter() - start)
    seconds = min(times[1:])  # The first one traces the graph.
    epoch_clips = manifest.epoch_clips(run.frames, run.stride)
    return Plan(
        run,
        gan.generator.count_params(),
        sum(network.count_params() for network in gan.discriminators.values()),
        memory.estimate(gan, run.train.batch_size or 1),
        flops.count(step.get_concrete_function(batch)),
        seconds,
        epoch_clips,
        _hours(run.train, seconds, epoch_clips),
    )


def train(
    dataset: Path | str | None = None,
    *,
    output: Path | str | None = None,
    resume: Path | str | None = None,
    progress: bool = False,
    report: Callable[[str], None] = lambda text: None,
    clock: Callable[[], float] = time.perf_counter,
    **options: Any,
) -> Path:
    """Train a model on a dataset.

    Training that is resumed continues exactly: weights, moving average, both optimizers, step,
    random numbers and the place in the data are those of the newest checkpoint. What is not kept
    is the order in which floating-point sums are formed, which differs between numbers of cores
    and versions of TensorFlow, and steps taken after that checkpoint.

    Args:
        dataset: a folder made by ``vidgan.preprocess``; by default ``vidgan-data``, or the one
            that a resumed run was trained on.
        output: the run's folder; by default the next number under ``runs``.
        resume: a run's folder, or ``latest``.
        progress: show a progress bar on standard error.
        report: called with lines of news, such as where the run lies.
        clock: returns seconds, which ``minutes`` and all speeds are counted in. By default those
            on the wall; ``time.process_time`` leaves out what other programs took of the machine.
        **options: fields of :class:`~vidgan.config.ModelConfig` and
            :class:`~vidgan.config.TrainConfig`; without a budget 100 epochs. When resuming, those
            of ``RESUMABLE`` alone.

    Returns:
        The run's folder.

    Raises:
        KeyboardInterrupt: the user interrupted; the run has been saved.
        OptionError: an option is unknown, out of bounds or does not fit the dataset.
        DatasetError: the dataset is missing, damaged or too short.
        RunError: the run to resume is missing or damaged.
        TrainingError: it would not fit in memory, or diverged.
    """
    runtime.prepare()
    import tensorflow as tf

    from vidgan.dataset.pipeline import checked, training_clips
    from vidgan.training import callbacks, checkup, curves, loop
    from vidgan.training.build import build_gan

    if resume is not None:
        if output is not None:
            raise OptionError("--output cannot be given with --resume, which goes on in its run")
        run = _resumed(resume, options)
        manifest = Manifest.load(dataset or run.dataset)
        if manifest.size != run.size:
            raise DatasetError(
                f"{manifest.path}: frames are {manifest.width}x{manifest.height}, the run was "
                f"trained on {run.size[0]}x{run.size[1]}; resume with its own dataset"
            )
        if run.model.conditional and tuple(manifest.labels) != run.model.labels:
            raise DatasetError(
                f"{manifest.path}: labels are {', '.join(manifest.labels) or 'missing'}, the run "
                f"was trained on {', '.join(run.model.labels)}; resume with its own dataset"
            )
    else:
        folder = Path(dataset or configs.DEFAULT_DATASET)
        manifest = Manifest.load(folder)
        path = (
            Path(output)
            if output is not None
            else next_path(Path(configs.DEFAULT_RUNS), options.get("model", "dcgan"), folder)
        )
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise OptionError(f"--output {path} exists already; choose another or --resume {path}")
        run = _new_run(folder, manifest, path, options)
    batch_size = run.train.batch_size or 1
    device = runtime.choose_device(run.train.device)
    state = loop.Progress(budget=run.train)
    with tf.device(device), contextlib.ExitStack() as closing:
        if resume is not None:
            run.checkpoint()  # Fails here, and clearly, if there is none.
            gan = run.load_gan()
            saved = run.state()
            state = loop.Progress(**saved, budget=run.train)
            if state.share >= 1:
                raise OptionError(
                    f"{run.path} has used up its budget ({state.epoch:.1f} epochs, "
                    f"{state.step} steps); give a larger one, such as --epochs "
                    f"{2 * max(1, round(state.epoch))}"
                )
            for leftover in run.path.rglob(".vidgan-*"):  # Of a kill.
                remove(leftover)
        else:
            gan = build_gan(run)
        _check_memory(gan, run, device)
        data = training_clips(
            manifest,
            run.frames,
            batch_size,
            stride=run.stride,
            mirror=run.train.mirror,
            seed=run.train.seed,
            skip=state.step,
            labels=run.model.conditional,
        )
        run.save()
        report(f"{run.path}: training on {device.strip('/')}, from step {state.step}")
        writer = (
            tf.summary.create_file_writer(str(run.path / "tensorboard"))
            if run.train.tensorboard
            else tf.summary.create_noop_writer()
        )
        log = callbacks.Log(run, state, writer)
        closing.callback(log.close)
        hooks: list[Any] = [log, callbacks.Snapshots(run, state, writer)]
        tell = _above_bar if progress else report
        health = checkup.Checkup(run, manifest, state, tell, clock)
        if run.train.health:
            hooks.insert(0, health)  # Before the log, which writes what it measures.
        if progress:
            bar = callbacks.ProgressBar(state, sys.stderr)
            closing.callback(bar.close)
            hooks.insert(0, bar)
        epoch_clips = manifest.epoch_clips(run.frames, run.stride)
        finished = loop.train(gan, checked(data, manifest), state, hooks, epoch_clips, clock)
    if state.step:
        title = f"{run.path.name}, {state.step} steps"
        curves.plot(run.path / callbacks.LOG_NAME, run.path / "curves.png", title)
    summary = health.summary()
    if summary:
        report(summary)
    if not finished:
        if state.step:
            report(
                f"Stopped at step {state.step} and saved. "
                f"Go on with: vidgan train --resume {run.path}"
            )
        raise KeyboardInterrupt
    return run.path
