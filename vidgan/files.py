"""The cache folder, and writing files atomically."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from vidgan.errors import ExportError

# Errors of writing, as opposed to errors in the code that produces the content.
_WRITE_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.EFBIG,
)


def cache_folder() -> Path:
    """Return the folder for files that can be recomputed or downloaded again; it may not exist yet.

    It is ``$VIDGAN_CACHE``, else ``vidgan`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.
    """
    if chosen := os.environ.get("VIDGAN_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vidgan"


def write_error(path: Path, error: OSError) -> ExportError:
    """Return the one-line error for a path that cannot be written.

    Args:
        path: the file or folder that the user asked for.
        error: from the system.
    """
    remedy = "choose another place with -o"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "free some space or " + remedy
    # HDF5 puts a long text of its own into strerror.
    reason = os.strerror(error.errno) if error.errno else error.strerror
    return ExportError(f"{path}: cannot be written ({reason}); {remedy}")


def is_write_error(error: OSError) -> bool:
    """Return whether the system refused to write: disk full, no permission, name taken, …"""
    return error.errno in _WRITE_ERRORS


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary sibling of ``path``; rename it to ``path`` when the block succeeds.

    The sibling has the same suffix, since libraries choose the format by it. Missing parent folders
    are created. If the block raises, also on Ctrl-C, the sibling (file or folder) is removed and
    an existing ``path`` stays untouched.

    Raises:
        ExportError: the disk is full, or the folder cannot be created or written.
    """
    path = Path(path)
    temporary = path.with_name(f".vidgan-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(path, error) from error
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        ours = error.filename in (None, str(temporary), str(path))
        if ours and is_write_error(error):
            raise write_error(path, error) from error
        raise
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its content, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
