"""Writing a dataset folder atomically: it appears complete or not at all."""

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from vidgan.dataset.manifest import MANIFEST_NAME
from vidgan.errors import ExportError, OptionError
from vidgan.files import is_write_error, remove, write_error

PREVIEW_NAME = "preview.png"
_LOCK_NAME = ".lock"
_OWN_FILE = re.compile(r"(train|test)-\d{5}-of-\d{5}\.tfrecord")


def check_output(output: Path, overwrite: bool) -> None:
    """Refuse an existing output, unless it is a dataset that may be replaced.

    Raises:
        OptionError: the output exists and may not be replaced.
    """
    if not os.path.lexists(output):
        return
    if output.is_symlink() or not output.is_dir():
        raise OptionError(f"{output}: exists and is no folder; choose another place with -o")
    names = sorted(path.name for path in output.iterdir())
    if not names:
        return
    if MANIFEST_NAME not in names:
        raise OptionError(
            f"{output}: is neither empty nor a vidgan dataset; choose another place with -o"
        )
    if not overwrite:
        raise OptionError(
            f"{output}: is a dataset already; replace it with --overwrite or choose "
            "another place with -o"
        )
    unknown = [
        name
        for name in names
        if name not in (MANIFEST_NAME, PREVIEW_NAME) and not _OWN_FILE.fullmatch(name)
    ]
    if unknown:
        raise OptionError(
            f"{output}: holds {unknown[0]}, which vidgan preprocess did not write; move it away "
            "before --overwrite"
        )


@contextlib.contextmanager
def staging(output: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside ``output`` that is renamed to it when the block succeeds.

    If the block fails, also by Ctrl-C, the temporary folder is removed and ``output`` stays as it
    was. Folders left behind by killed processes are removed first.

    Raises:
        OptionError: the output exists and may not be replaced.
        ExportError: the disk is full, or the output cannot be written.
    """
    check_output(output, overwrite)
    folder: Path | None = None
    try:
        parent = output.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(parent)
        folder = parent / f".vidgan-{secrets.token_hex(4)}.new"
        folder.mkdir()
        # The lock is held until this process ends, in whatever way: unlocked folders are leftovers.
        with (folder / _LOCK_NAME).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
            (folder / _LOCK_NAME).unlink()
            check_output(output, overwrite)
            _swap(folder, output)
    except OSError as error:
        if is_write_error(error):
            raise write_error(output, error) from error
        raise
    finally:
        if folder is not None:
            remove(folder)


def _swap(folder: Path, output: Path) -> None:
    if not output.exists() or not any(output.iterdir()):
        # Renaming replaces an empty folder.
        folder.replace(output)
        return
    old = folder.with_suffix(".old")
    output.replace(old)
    try:
        folder.replace(output)
    except OSError:
        old.replace(output)
        raise
    remove(old)


def _clear_leftovers(parent: Path) -> None:
    for folder in parent.glob(".vidgan-*.new"):
        with contextlib.suppress(OSError), (folder / _LOCK_NAME).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)


def disk_size(folder: Path) -> int:
    """Return the size of a folder's files in bytes."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError as error:
        raise ExportError(f"{folder}: cannot be read ({error.strerror})") from None
