"""The run folder: configuration, checkpoints and what training leaves behind.

::

    runs/00000-dcgan-clips/
        config.json       everything needed to build the networks and to go on
        checkpoints/step-00001000/
            generator_ema.weights.h5   what generates
            gan.weights.h5             all weights and both optimizers
            state.json                 step, clips seen, seconds trained, last measurement
        log.csv  health.jsonl  curves.png  samples/  tensorboard/

Weights and JSON only: opening a run executes nothing from it.
"""

import errno
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vidgan.config import DEFAULT_RUNS, ModelConfig, TrainConfig
from vidgan.errors import OptionError, RunError
from vidgan.files import atomic_path, remove, write_error
from vidgan.training import weights
from vidgan.training.state import STATE_NAME, best, read_json, read_state

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    import tensorflow as tf

    from vidgan.latents import Latent
    from vidgan.training.gan import VideoGAN

FORMAT_VERSION = 1
CONFIG_NAME = "config.json"
CHECKPOINTS = "checkpoints"
EMA_NAME = "generator_ema.weights.h5"
GAN_NAME = "gan.weights.h5"


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        path: the folder.
        model: what the networks are.
        train: how they are trained.
        dataset: the dataset's folder, absolute.
        size: ``(width, height)`` in pixels.
        fps: frames a second of a generated clip: the dataset's over the stride.
    """

    path: Path
    model: ModelConfig
    train: TrainConfig
    dataset: Path
    size: tuple[int, int]
    fps: float

    @property
    def frames(self) -> int:
        """Frames of a clip."""
        return self.model.frames

    @property
    def stride(self) -> int:
        """Frames of the dataset from one frame of a clip to the next."""
        return self.train.stride

    def latents(self, frames: int | None = None, spacing: float = 1.0) -> "tuple[Latent, ...]":
        """Return the generator's inputs; see :func:`vidgan.models.latents`."""
        from vidgan.models import latents

        return latents(self.model, frames, spacing)

    def save(self) -> None:
        """Write ``config.json``, whole or not at all."""
        values = {
            "format": FORMAT_VERSION,
            "model": self.model.to_json(),
            "train": self.train.to_json(),
            "dataset": {"path": str(self.dataset), "size": list(self.size), "fps": self.fps},
        }
        with atomic_path(self.path / CONFIG_NAME) as temporary:
            temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def open(cls, path: Path | str | None = None, runs: Path | str = DEFAULT_RUNS) -> Self:
        """Open a run folder.

        Args:
            path: the folder; None or ``latest`` for the newest in ``runs``.
            runs: where runs lie.

        Raises:
            RunError: no run there, or one that cannot be read.
        """
        folder = newest(Path(runs)) if path is None or str(path) == "latest" else Path(path)
        if not (folder / CONFIG_NAME).is_file():
            raise RunError(f"{folder}: no run there (no {CONFIG_NAME}); make one with vidgan train")
        source = folder / CONFIG_NAME
        values = read_json(source)
        version = values.get("format")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise RunError(f"{source}: format {version} is newer than this vidgan; upgrade vidgan")
        try:
            data = values["dataset"]
            return cls(
                path=folder,
                model=ModelConfig.from_json(values["model"], source),
                train=TrainConfig.from_json(values["train"], source),
                dataset=Path(data["path"]),
                size=(int(data["size"][0]), int(data["size"][1])),
                fps=float(data["fps"]),
            )
        except OptionError as error:
            raise RunError(str(error)) from None
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise RunError(
                f"{source}: not what vidgan train writes ({type(error).__name__}: {error})"
            ) from None

    def checkpoints(self) -> list[Path]:
        """Return the checkpoint folders, oldest first."""
        folder = self.path / CHECKPOINTS
        found = folder.glob("step-*") if folder.is_dir() else ()
        return sorted(path for path in found if re.fullmatch(r"step-\d{8}", path.name))

    def checkpoint(self, name: str = "latest") -> Path:
        """Return one checkpoint folder.

        Args:
            name: ``latest``, ``best`` (see :meth:`best`), or the number of a step.

        Raises:
            RunError: it is not there.
        """
        found = self.checkpoints()
        if not found:
            raise RunError(
                f"{self.path}: the run has no checkpoint yet; "
                "let vidgan train run until it saves one"
            )
        if name == "latest":
            return found[-1]
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
        """Return the checkpoint with the lowest distance to real clips, of those measured.

        Training measures as ``--metrics`` says; None for a run that was never measured.
        """
        return best(self.checkpoints())

    def build_generator(self) -> "keras.Model":
        """Build the generator with fresh weights."""
        from vidgan.models import build_generator

        return build_generator(self.model, self.size[1], self.size[0])

    def load_generator(self, checkpoint: str = "latest") -> "keras.Model":
        """Build the generator and load the moving average of its weights.

        Returns:
            A Keras model from a dict of latents, see :meth:`latents`, to float32 clips
            ``(batch, frames, height, width, 3)`` in [-1, 1].

        Raises:
            RunError: no such checkpoint, or one that does not fit the run's configuration.
        """
        folder = self.checkpoint(checkpoint)
        generator = self.build_generator()
        weights.load(generator, folder / EMA_NAME)
        return generator

    def load_gan(self, checkpoint: str = "latest") -> "VideoGAN":
        """Build everything and load all weights and both optimizers.

        Raises:
            RunError: no such checkpoint, or one that does not fit the run's configuration.
        """
        from vidgan.training.build import build_gan

        folder = self.checkpoint(checkpoint)
        gan = build_gan(self)
        weights.load(gan, folder / GAN_NAME)
        return gan

    def load_judge(self, checkpoint: str = "latest") -> "Callable[..., tf.Tensor]":
        """Load the discriminators; see :meth:`load_gan`.

        Returns:
            A function from clips in [-1, 1], and labels of a conditional model, to the mean logit
            of each over all that the discriminators see of it, float32 ``(batch,)``.
        """
        return self.load_gan(checkpoint).judge

    def save_checkpoint(self, gan: "VideoGAN", state: dict[str, Any]) -> Path:
        """Save weights and state under ``step-…``, whole or not at all.

        The oldest checkpoints are dropped, but never the best.
        """
        target = self.path / CHECKPOINTS / f"step-{state['step']:08d}"
        # HDF5 that meets a full disk halfway takes the whole process down with it.
        self.path.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.path).free < weights.checkpoint_bytes(gan):
            raise write_error(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        with atomic_path(target) as temporary:
            temporary.mkdir()
            gan.generator_ema.save_weights(temporary / EMA_NAME)
            gan.save_weights(temporary / GAN_NAME)
            (temporary / STATE_NAME).write_text(json.dumps(state) + "\n", "utf-8")
            remove(target)
        kept = {self.best(), *self.checkpoints()[-self.train.keep :]}
        for old in self.checkpoints():
            if old not in kept:
                remove(old)
        return target


def newest(runs: Path) -> Path:
    """Return the newest run folder in ``runs`` that has a checkpoint, else the newest.

    A training that has only just begun does not hide the one before it.

    Raises:
        RunError: there is none.
    """
    found = sorted(path.parent for path in runs.glob(f"*/{CONFIG_NAME}"))
    if not found:
        raise RunError(f"{runs}: no run there; make one with vidgan train")
    saved = [path for path in found if any((path / CHECKPOINTS).glob("step-*"))]
    return (saved or found)[-1]


def next_path(runs: Path, model: str, dataset: Path) -> Path:
    """Return a new run's folder, ``00000-<model>-<dataset>`` with the next number."""
    numbers = [
        int(match[1]) for path in runs.glob("*") if (match := re.match(r"(\d{5})-", path.name))
    ]
    name = re.sub(r"[^\w.-]+", "_", dataset.resolve().name) or "dataset"
    return runs / f"{max(numbers, default=-1) + 1:05d}-{model}-{name}"
