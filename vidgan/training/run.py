"""The run folder: configuration, checkpoints and outputs of a training.

::

    runs/00000-dcgan-clips/
        config.json       all options to build the networks and to resume
        checkpoints/step-00001000/
            generator_ema.weights.h5   the network for inference
            gan.weights.h5             all weights and both optimizers
            state.json                 step, clips, seconds, last measurement
        log.csv  health.jsonl  curves.png  samples/  tensorboard/

A run that is shared has other files of weights; see :mod:`vidgan.training.sharing`. Runs contain
weights and JSON only: opening one executes no code from it.
"""

import dataclasses
import errno
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import msgspec
from msgspec import Meta

from vidgan import json_files
from vidgan.config import (
    DEFAULT_RUNS,
    DEFAULT_TASK,
    TASK_OPTIONS,
    Config,
    ModelConfig,
    TaskOptions,
    TrainConfig,
    shared_options,
)
from vidgan.containment import refuse_links_out
from vidgan.errors import OptionError, RunError
from vidgan.files import JSON_ERRORS, atomic_path, remove
from vidgan.json_files import Side, Text, UnlimitedValue, Value, Whole
from vidgan.remote.places import is_on_hub, place, shown
from vidgan.remote.urls import is_url
from vidgan.training import weights
from vidgan.training.run_lookup import (
    CHECKPOINTS,
    CONFIG_NAME,
    missing_run_advice,
    newest_run,
)
from vidgan.training.soundness import EMA_NAME, GAN_NAME, newest_sound
from vidgan.training.state import STATE_NAME, best_checkpoint, read_run_file, read_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidgan.latents import Latent
    from vidgan.training.adversarial import AdversarialModel

FORMAT_VERSION = 1
# Where the datasets of a run that was shared without them belong, within its folder.
SHARED_DATASETS = ("dataset", "second-dataset")


class _Dataset(msgspec.Struct):
    path: Text
    size: tuple[Side, Side]
    fps: Annotated[float, Meta(ge=0, le=1e5)]  # 0 if the rate is not known.
    second: Text | None = None
    sha256: Text | None = None
    preprocess: dict[str, Value] | None = None


class _Task(msgspec.Struct):
    name: Text
    options: dict[str, Value]


class _File(msgspec.Struct):
    """What ``config.json`` holds; runs of earlier versions name no task."""

    model: dict[str, Value]
    train: dict[str, UnlimitedValue]
    dataset: _Dataset
    task: _Task | None = None
    shared: bool = False


class _Format(msgspec.Struct):
    format: Whole = FORMAT_VERSION


def _folder(name: str, source: Path) -> Path:
    """Return the folder of a dataset; raise RunError if there can be none of that name."""
    if is_url(name):
        return place(name)
    try:
        Path(name).stat()
    except ValueError as error:  # A zero byte.
        raise RunError(f"{source}: dataset.path: {error}") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise RunError(f"{source}: dataset.path: {error.strerror}") from None
    return Path(name)


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        path: the folder.
        model: options of the networks.
        train: options of training.
        dataset: folder of the dataset, absolute.
        size: ``(width, height)`` of the dataset's frames in pixels.
        fps: frames per second of a clip: the dataset's divided by the stride.
        task: the task, one of ``vidgan.config.TASKS``.
        task_config: options of the task; None if it has none.
        second: folder of the second dataset, absolute, for a task with two.
        digest: of the dataset's manifest when the run was made; None in runs of earlier versions.
        preprocess: in a run that was shared, the options that its dataset was made with.
        shared: whether the run was shared without its datasets and what only trains; see
            :mod:`vidgan.training.sharing`.
    """

    path: Path
    model: ModelConfig
    train: TrainConfig
    dataset: Path
    size: tuple[int, int]
    fps: float
    task: str = DEFAULT_TASK
    task_config: Config | None = None
    second: Path | None = None
    digest: str | None = None
    preprocess: dict[str, Any] | None = None
    shared: bool = False

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some values changed."""
        return dataclasses.replace(self, **changes)

    @property
    def datasets(self) -> tuple[Path, ...]:
        """Folders of all datasets."""
        return (self.dataset,) if self.second is None else (self.dataset, self.second)

    @property
    def frames(self) -> int:
        """Frames of a clip."""
        return self.model.frames

    @property
    def stride(self) -> int:
        """Frames of the dataset between consecutive frames of a clip."""
        return self.train.stride

    def options(self) -> dict[str, dict[str, Any]]:
        """Return the options that the task uses as JSON values: ``model`` and ``train``."""
        groups = {"model": self.model.to_json(), "train": self.train.to_json()}
        if self.task == DEFAULT_TASK:
            return groups
        shared = shared_options(self.task)
        kept = {
            name: {key: value for key, value in values.items() if key in shared}
            for name, values in groups.items()
        }
        own = {} if self.task_config is None else self.task_config.to_json()
        return {"model": kept["model"] | own, "train": kept["train"]}

    @property
    def base(self) -> Self:
        """The run of the generator alone; that of a cascade makes clips of a smaller size."""
        from vidgan.models.sizes import base_size

        size = base_size(self.size, self.model.upscale or 1)
        return self.replace(size=size, model=self.model.replace(upscale=1))

    def latents(self, frames: int | None = None, spacing: float = 1.0) -> "tuple[Latent, ...]":
        """Return the generator's inputs; see :func:`vidgan.models.latents`."""
        from vidgan.models import autoencoder, latents

        inputs = latents(self.model, frames, spacing)
        return autoencoder.sampler_latents(inputs) if self.model.reconstruction else inputs

    def check_encoder(self) -> None:
        """Raise RunError if the run has no encoder of clips."""
        if not self.model.reconstruction:
            raise RunError(
                f"{self.path}: has no encoder, which real clips need; train a run with "
                "--reconstruction 1"
            )

    def save(self) -> None:
        """Write ``config.json`` atomically."""
        paths = [shown(str(path)) for path in self.datasets]
        if self.shared:
            paths = list(SHARED_DATASETS[: len(paths)])
        dataset: dict[str, Any] = {"path": paths[0], "size": list(self.size), "fps": self.fps}
        if self.second is not None:
            dataset["second"] = paths[1]
        if self.digest is not None:
            dataset["sha256"] = self.digest
        if self.preprocess is not None:
            dataset["preprocess"] = self.preprocess
        values: dict[str, Any] = {
            "format": FORMAT_VERSION,
            "model": self.model.to_json(),
            "train": self.train.to_json(),
            "dataset": dataset,
        }
        if self.shared:
            values["shared"] = True
        if self.task_config is not None:
            values["task"] = {"name": self.task, "options": self.task_config.to_json()}
        with atomic_path(self.path / CONFIG_NAME) as temporary:
            text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
            temporary.write_text(text, encoding="utf-8", errors=JSON_ERRORS)

    @classmethod
    def open(
        cls,
        path: Path | str | None = None,
        runs: Path | str = DEFAULT_RUNS,
        task: str | None = None,
        otherwise: "Callable[[TaskOptions], str] | None" = None,
    ) -> Self:
        """Open a run folder.

        Args:
            path: the folder; None or ``latest`` for the newest in ``runs``.
            runs: the folder of all runs.
            task: the task that the run must have; ``latest`` is the newest of this task. By default
                any task.
            otherwise: a function of another task's options that returns the advice in the error
                about a run of that task; by default it says which task the command needs.

        Raises:
            RunError: there is no run, it cannot be read, has another task, or holds a link that
                leads out of it.
        """
        named = path is not None and str(path) != "latest"
        folder = Path(path) if path is not None and named else newest_run(Path(runs), task)
        if not (folder / CONFIG_NAME).is_file():
            how = missing_run_advice(task)
            raise RunError(f"{folder}: no run there (no {CONFIG_NAME}); {how}")
        try:
            refuse_links_out(folder)
        except ValueError as link:
            raise RunError(
                f"{link}: a link that leads out of the run, and is not followed; put there what it "
                "names"
            ) from None
        source = folder / CONFIG_NAME
        if (version := read_run_file(source, _Format).format) > FORMAT_VERSION:
            raise RunError(
                f"{source}: format {version:.3g} is newer than this vidgan; upgrade vidgan"
            )
        run = cls._from_file(folder, read_run_file(source, _File))
        if task is not None and run.task != task:
            found = TASK_OPTIONS[run.task]
            remedy = f"{TASK_OPTIONS[task].command} needs one of --task {task}"
            raise RunError(
                f"{folder}: a run of --task {run.task}, which {found.command} takes; "
                f"{otherwise(found) if otherwise else remedy}"
            )
        return run

    @classmethod
    def _from_file(cls, folder: Path, file: _File) -> Self:
        """Return the run of a decoded ``config.json``.

        Raises:
            RunError: an option or the task is unknown, or an option is out of bounds.
        """
        source, train, task_config = folder / CONFIG_NAME, dict(file.train), None
        if 0 < file.dataset.fps < json_files.MIN_FRAME_RATE:
            raise RunError(f"{source}: dataset.fps: {file.dataset.fps:g} is too small")
        task = DEFAULT_TASK if file.task is None else file.task.name
        if task not in TASK_OPTIONS:
            raise RunError(
                f"{source}: task {task!r:.40} is unknown; was it made by a newer vidgan?"
            )
        try:
            if (config := TASK_OPTIONS[task].config) is not None and file.task is not None:
                options = dict(file.task.options)
                if "optimizer" in options:  # In older runs it belonged to the task.
                    train["optimizer"] = options.pop("optimizer")
                task_config = config.from_json(options, source)
            model = ModelConfig.from_json(file.model, source)
            train_config = TrainConfig.from_json(train, source)
        except OptionError as error:
            raise RunError(str(error)) from None
        names = [name for name in (file.dataset.path, file.dataset.second) if name is not None]
        # A stranger's run does not choose what is read.
        shared = file.shared or is_on_hub(folder)
        first, *others = (
            folder / own if shared else _folder(name, source)
            for name, own in zip(names, SHARED_DATASETS, strict=False)
        )
        return cls(
            path=folder,
            model=model,
            train=train_config,
            dataset=first,
            size=file.dataset.size,
            fps=file.dataset.fps,
            task=task,
            task_config=task_config,
            second=others[0] if others else None,
            digest=file.dataset.sha256,
            preprocess=file.dataset.preprocess,
            shared=shared,
        )

    def checkpoints(self) -> list[Path]:
        """Return the checkpoint folders, oldest first."""
        folder = self.path / CHECKPOINTS
        found = folder.glob("step-*") if folder.is_dir() else ()
        return sorted(path for path in found if re.fullmatch(r"step-\d{8}", path.name))

    def checkpoint(self, name: str = "latest") -> Path:
        """Return one checkpoint folder.

        Args:
            name: ``latest``, the newest that is not damaged; ``best`` (see :meth:`best`); or the
                number of a step.

        Raises:
            RunError: there is no such checkpoint.
        """
        found = self.checkpoints()
        if not found:
            raise RunError(
                f"{self.path}: the run has no checkpoint yet; "
                "let vidgan train run until it saves one"
            )
        if name == "latest":
            return newest_sound(found)
        if name == "best":
            chosen = self.best()
            if chosen is None:
                raise RunError(
                    f"{self.path}: no checkpoint was measured while training (--metrics none, or "
                    "too short a training); leave --checkpoint out for the newest"
                )
            return chosen
        steps = {str(int(path.name.removeprefix("step-"))): path for path in found}
        if name not in steps:
            raise RunError(f"{self.path}: no checkpoint {name!r}; there are {', '.join(steps)}")
        return steps[name]

    def state(self, checkpoint: Path | None = None) -> dict[str, Any]:
        """Return a checkpoint's ``state.json``: ``step``, ``clips``, ``epoch``, ``seconds``."""
        return read_state(checkpoint or self.checkpoint())

    def best(self) -> Path | None:
        """Return the checkpoint with the best measurement, None if none was measured."""
        return best_checkpoint(self.checkpoints())

    def save_checkpoint(self, gan: "AdversarialModel", state: dict[str, Any]) -> Path:
        """Save weights and state under ``step-…``, atomically.

        The oldest checkpoints are removed, except the best one.
        """
        target = self.path / CHECKPOINTS / f"step-{state['step']:08d}"
        with atomic_path(target) as temporary:
            temporary.mkdir()
            hashes = {
                EMA_NAME: weights.save_weights(gan.inference_network(), temporary / EMA_NAME),
                GAN_NAME: weights.save_weights(gan, temporary / GAN_NAME),
            }
            (temporary / STATE_NAME).write_text(
                json.dumps(state | {"sha256": hashes}) + "\n", "utf-8"
            )
            remove(target)
        kept = {self.best(), *self.checkpoints()[-self.train.keep :]}
        for old in self.checkpoints():
            if old not in kept:
                remove(old)
        return target
