"""Runs to share: what it takes to use a network, and nothing that tells of the machine or the data.

::

    shared/
        config.json       as of any run; it names no dataset
        health.jsonl
        checkpoints/step-00001000/
            generator_ema.safetensors  the network for inference
            encoder.safetensors        that of real clips, if the run has one
            state.json

Discriminators and optimizers, which only train, are left out, and so are the training clips. Such a
run opens like any other.
"""

import json
import shutil
from pathlib import Path

from vidgan import hdf5_files
from vidgan.config import DEFAULT_TASK
from vidgan.dataset.manifest import MANIFEST_NAME, Manifest
from vidgan.errors import RunError
from vidgan.remote.places import exists
from vidgan.training import safetensors_files
from vidgan.training.health_rules import HEALTH_NAME
from vidgan.training.run import SHARED_DATASETS, Run
from vidgan.training.run_lookup import CHECKPOINTS
from vidgan.training.soundness import (
    EMA_NAME,
    GAN_NAME,
    MAX_BYTES,
    SHARED_EMA_NAME,
    SHARED_ENCODER_NAME,
    is_shared,
)
from vidgan.training.state import STATE_NAME, read_measurement, read_state

# Group of the encoder in the file of all weights.
_ENCODER = "encoder"


def write_shared(run: Run, checkpoint: Path, folder: Path) -> Run:
    """Write a run with one checkpoint that can be shared.

    Args:
        run: the run.
        checkpoint: folder of the checkpoint.
        folder: where to; it exists.

    Returns:
        The run that was written.

    Raises:
        OSError: a file cannot be written.
        OptionError: the package safetensors is missing.
        RunError: the checkpoint is damaged.
    """
    first, second = (folder / name for name in SHARED_DATASETS)
    shared = run.replace(
        path=folder,
        dataset=first,
        second=None if run.second is None else second,
        preprocess=_preprocess_options(run),
        shared=True,
    )
    shared.save()
    if (run.path / HEALTH_NAME).is_file():
        shutil.copyfile(run.path / HEALTH_NAME, folder / HEALTH_NAME)
    target = folder / CHECKPOINTS / checkpoint.name
    target.mkdir(parents=True)
    state = read_state(checkpoint)
    if (measured := read_measurement(checkpoint)) is not None:
        state["measurement"] = measured.to_json()
    hashes = {name: _copy(checkpoint, name, target) for name in _weight_files(run)}
    text = json.dumps(state | {"sha256": hashes}) + "\n"
    (target / STATE_NAME).write_text(text, encoding="utf-8")
    return shared


def _preprocess_options(run: Run) -> dict[str, object] | None:
    """Return the options of the dataset, which real clips are read with; None if it is gone."""
    if run.preprocess is not None or not exists(run.dataset / MANIFEST_NAME):
        return run.preprocess
    return Manifest.load(run.dataset).options


def _weight_files(run: Run) -> tuple[str, ...]:
    has_encoder = run.task == DEFAULT_TASK and bool(run.model.reconstruction)
    return (SHARED_EMA_NAME, SHARED_ENCODER_NAME) if has_encoder else (SHARED_EMA_NAME,)


def _copy(checkpoint: Path, name: str, target: Path) -> str:
    """Write a file of weights of a shared checkpoint; return its SHA-256."""
    if is_shared(checkpoint):
        path, group = checkpoint / name, ""
    elif name == SHARED_ENCODER_NAME:
        path, group = checkpoint / GAN_NAME, _ENCODER
    else:
        path, group = checkpoint / EMA_NAME, ""
    try:
        if is_shared(checkpoint):
            arrays = safetensors_files.read(path, MAX_BYTES)
        else:
            arrays = hdf5_files.read(path, MAX_BYTES, group)
    except FileNotFoundError:
        raise RunError(f"{path}: missing; the checkpoint is damaged, use another one") from None
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path}: cannot be read ({' '.join(str(error).split()):.80}); use another checkpoint"
        ) from None
    return safetensors_files.write(target / name, arrays)
