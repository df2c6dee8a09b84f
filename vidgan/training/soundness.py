"""Whether the files of a checkpoint are as they were written."""

import functools
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from vidgan import hdf5_files
from vidgan.errors import RunError
from vidgan.training.state import read_hashes

EMA_NAME = "generator_ema.weights.h5"
GAN_NAME = "gan.weights.h5"
# Of a run that is shared; see :mod:`vidgan.training.sharing`.
SAFETENSORS = ".safetensors"
SHARED_EMA_NAME = f"generator_ema{SAFETENSORS}"
SHARED_ENCODER_NAME = f"encoder{SAFETENSORS}"
# Bytes of weights that a checkpoint without hashes may have.
MAX_BYTES = 2**36

_log = logging.getLogger(__name__)


def is_shared(checkpoint: Path) -> bool:
    """Return whether a checkpoint is one of a run that was shared: without what only trains."""
    return (checkpoint / SHARED_EMA_NAME).exists()


def newest_sound(checkpoints: Sequence[Path]) -> Path:
    """Return the newest checkpoint that is not damaged; newer ones are named in a warning.

    Args:
        checkpoints: folders, oldest first; at least one.

    Raises:
        RunError: all are damaged.
    """
    first: RunError | None = None
    for path in reversed(checkpoints):
        try:
            _check(path)
        except RunError as error:
            first = first or error
            continue
        if first is not None:
            _warn(f"{first}; taking {path.name}, which is sound")
        return path
    assert first is not None
    raise first


@functools.lru_cache(maxsize=64)
def _warn(text: str) -> None:
    """Warn once, though a command asks for the checkpoint several times."""
    _log.warning(text)


def _check(checkpoint: Path) -> None:
    """Check a checkpoint.

    Raises:
        RunError: it is damaged; the message names the file.
    """
    hashes = read_hashes(checkpoint)
    shared = is_shared(checkpoint)
    names = (SHARED_EMA_NAME, SHARED_ENCODER_NAME) if shared else (EMA_NAME, GAN_NAME)
    for name in names:
        path = checkpoint / name
        try:
            if name in hashes:
                with path.open("rb") as file:
                    sound = hashlib.file_digest(file, "sha256").hexdigest() == hashes[name]
                if not sound:
                    raise ValueError("it has changed since it was written")
            elif not shared and (path.exists() or name == EMA_NAME):
                # Earlier versions wrote no hashes.
                hdf5_files.check(path, MAX_BYTES)
        except FileNotFoundError:
            raise RunError(f"{path}: missing; the checkpoint is damaged") from None
        except OSError as error:
            reason = " ".join(str(error.strerror or error).split())
            raise RunError(
                f"{path}: cannot be read ({reason:.80}); the checkpoint is damaged"
            ) from None
        except ValueError as error:
            raise RunError(f"{path}: {error}; the checkpoint is damaged") from None
