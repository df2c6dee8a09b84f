"""The cache folder, locks, and writing files atomically."""

import contextlib
import ctypes
import errno
import functools
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from vidgan.errors import ExportError, OptionError

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

# How JSON is encoded: bytes in a name that are not UTF-8, which Python keeps as surrogates, become
# JSON's own escapes, from which json.loads() makes the same name.
JSON_ERRORS = "backslashreplace"
# In a folder that one process at a time may write to.
LOCK_NAME = ".lock"
# What is still being written has a name that begins with this.
HIDDEN = ".vidgan-"
_OLD = ".old"
# Seconds between attempts to rename: on Windows a virus scanner or an indexer may hold a new file
# open for a moment, and then it cannot be renamed.
_PAUSES = (0.01, 0.05, 0.2, 1.0) if sys.platform == "win32" else ()


def cache_folder() -> Path:
    """Return the folder for files that can be recomputed or downloaded again; it may not exist yet.

    It is ``$VIDGAN_CACHE``, else ``vidgan`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Raises:
        OptionError: the user has no home folder, as in a container, and none of the two is set.
    """
    try:
        if chosen := os.environ.get("VIDGAN_CACHE"):
            return Path(chosen).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vidgan"
    except RuntimeError:
        raise OptionError(
            "the cache folder: this user has no home folder; set VIDGAN_CACHE to a folder"
        ) from None


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
def locked(folder: Path, output: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is created, until the block or this process ends.

    If nothing was written into the folder, it is removed.

    Args:
        folder: the folder.
        output: what the user asked for, for the error.

    Raises:
        ExportError: another process holds the lock, or the folder cannot be written.
    """
    # The import takes a tenth of a second.
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_NAME, timeout=0, thread_local=False).acquire()
    except Timeout:
        raise ExportError(
            f"{output}: another vidgan process is writing it; wait for it, or choose another "
            "place with -o"
        ) from None
    except OSError as error:
        raise write_error(output, error) from error
    try:
        with lock:
            try:
                yield
            finally:
                # Before it is released: afterwards it may be that of another process.
                if sys.platform != "win32":
                    (folder / LOCK_NAME).unlink(missing_ok=True)
    finally:
        # Not if anything was written there.
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                # It removes no file that a process has open.
                (folder / LOCK_NAME).unlink(missing_ok=True)
            folder.rmdir()


@contextlib.contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder in which ``path`` can be written, before it is renamed.

    It lies beside ``path``, is locked for this process, and is removed in the end, also on Ctrl-C.
    Missing parent folders are created. What a killed process left there is removed.

    Raises:
        ExportError: the disk is full, the folder cannot be created or written, or another process
            is writing ``path``.
    """
    # The same for all processes.
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    folder = path.parent / f"{HIDDEN}{name}"
    remove_leftovers(folder.parent)
    _remove_link(folder)
    with locked(folder, path):
        _recover(folder)
        clear(folder)
        try:
            yield folder
        except OSError as error:
            named = None if error.filename is None else Path(os.fsdecode(error.filename))
            ours = named is None or named == path or named.is_relative_to(folder)
            if ours and is_write_error(error):
                raise write_error(path, error) from error
            raise
        finally:
            # Before the lock is released.
            remove(folder)


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path of the same name; rename it to ``path`` when the block succeeds.

    If the block raises, also on Ctrl-C, the file or folder is removed and an existing ``path``
    stays untouched.

    Raises:
        ExportError: see :func:`writing_folder`.
    """
    path = Path(path)
    with writing_folder(path) as folder:
        temporary = folder / (path.name if is_text(path.name) else f"new{path.suffix}")
        yield temporary
        replace(temporary, path)


def write_synced(path: Path, content: bytes | memoryview) -> str:
    """Write a file that outlives a power failure; return its SHA-256, hexadecimal.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(content).hexdigest()


def replace(source: Path, target: Path) -> None:
    """Rename a file or folder to the name of a file, which is replaced, or to a new name.

    Raises:
        OSError: it cannot be renamed.
    """
    for pause in _PAUSES:
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(pause)
        else:
            return
    source.replace(target)


def tree_size(folder: Path) -> int:
    """Return the size of all files in a folder and those below it in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def is_hidden(name: str) -> bool:
    """Return whether a name is that of a lock or of something that is still being written."""
    return name == LOCK_NAME or name.startswith(HIDDEN)


def as_text(name: Path | str) -> str:
    """Return a name as valid UTF-8 to show, with replacement characters for other bytes."""
    return os.fsencode(name).decode("utf-8", "replace")


def is_text(name: str) -> bool:
    """Return whether a name is text: OpenCV and TensorFlow take no other bytes."""
    return not any("\udc80" <= character <= "\udcff" for character in name)


def remove_leftovers(parent: Path) -> None:
    """Remove what killed processes left in a folder; once in the life of this process."""
    _remove_leftovers(parent.absolute())


@functools.cache
def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{HIDDEN}{'[0-9a-f]' * 16}/"):
        # Locked: a living process is writing there.
        _remove_link(folder)
        with contextlib.suppress(OSError, ExportError), locked(folder, folder):
            _recover(folder)
            remove(folder)


def _remove_link(folder: Path) -> None:
    """Remove a link in the place of a folder for writing: what it leads to is not ours to clear."""
    if folder.is_symlink():
        remove(folder)


def _recover(folder: Path) -> None:
    """Put back what a process moved away that was killed between the steps of replace_folder()."""
    for old in folder.glob(f"*{_OLD}"):
        target = folder.parent / old.name.removesuffix(_OLD)
        if not target.exists():
            replace(old, target)


def replace_folder(new: Path, target: Path) -> None:
    """Put a folder in the place of another one, if there is one, in one step where the system can.

    Args:
        new: a folder within :func:`writing_folder`, where the old one lies afterwards.
        target: the folder to replace, or a new name.

    Raises:
        OSError: it cannot be replaced; it is as it was.
    """
    if not target.exists():
        replace(new, target)
        return
    if _exchange(new, target):
        return
    # Its name says where it belongs: see _recover().
    old = new.with_name(target.name + _OLD)
    replace(target, old)
    try:
        replace(new, target)
    except OSError:
        replace(old, target)
        raise


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; return whether the system can."""
    if sys.platform != "linux":
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(call(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its content, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def clear(folder: Path) -> None:
    """Remove everything in a folder but its lock."""
    for path in folder.iterdir():
        if path.name != LOCK_NAME:
            remove(path)
